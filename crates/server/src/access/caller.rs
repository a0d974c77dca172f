//! Who asks, and what they may do: the table of roles applied to a person, a token or a share.

use std::collections::{BTreeMap, BTreeSet};

use paramo_model::{Name, StudyId};
use paramo_store::{Hashed, Role, Scope, Token, User, Via, WorkerToken};

use crate::people::roles::{Action, Reach};

/// How whoever has the machine, or its token, is called as the maker of things.
pub const OWNER: &str = "owner";

/// Somebody who is known.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Whoever started the server, or a machine with its token.
    Owner,
    User(Box<Person>),
    /// Whoever has a link to a study.
    Share {
        study: StudyId,
    },
    /// A worker elsewhere: it may come in to work, and do nothing else.
    Worker(Box<WorkerToken>, Hashed),
}

/// Somebody with an account.
#[derive(Clone, Debug)]
pub struct Person {
    pub user: User,
    /// By project.
    pub roles: BTreeMap<Name, Role>,
    pub by: Credential,
}

/// What they showed.
#[derive(Clone, Debug)]
pub enum Credential {
    Session(Hashed),
    Token(Token),
}

/// What the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Yes,
    /// They do not even see it.
    Hidden,
    /// They see it, and may not.
    No,
}

/// Which projects somebody may do something in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    All,
    Of(BTreeSet<Name>),
    /// One study only.
    Study(StudyId),
}

impl Sight {
    /// Whether a study of this project is among it.
    pub fn has(&self, id: StudyId, project: &Name) -> bool {
        match self {
            Sight::All => true,
            Sight::Of(projects) => projects.contains(project),
            Sight::Study(study) => *study == id,
        }
    }

    pub fn has_project(&self, project: &Name) -> bool {
        match self {
            Sight::All => true,
            Sight::Of(projects) => projects.contains(project),
            Sight::Study(_) => false,
        }
    }
}

impl Caller {
    /// Their role in a project; none when they do not see it.
    pub fn role(&self, project: &Name) -> Option<Role> {
        match self {
            Caller::Owner => Some(Role::Administrator),
            Caller::Share { .. } | Caller::Worker(..) => None,
            Caller::User(person) => {
                if person.bound().is_some_and(|only| only != project) {
                    return None;
                }
                match person.user.administrator {
                    true => Some(Role::Administrator),
                    false => person.roles.get(project).copied(),
                }
            }
        }
    }

    /// Whether they may do something to what is of this project, or of the server.
    pub fn may(&self, action: Action, project: Option<&Name>) -> Verdict {
        let rule = action.rule();
        let role = match (rule.reach, project) {
            (Reach::Project, Some(project)) => match self.role(project) {
                Some(role) => role,
                None => return Verdict::Hidden,
            },
            _ => match self.server_role(action) {
                Some(role) => role,
                None => return Verdict::No,
            },
        };
        match action.allowed(role) && self.scoped(rule.scope) {
            true => Verdict::Yes,
            false => Verdict::No,
        }
    }

    /// Where they may do something; for lists.
    pub fn sight(&self, action: Action) -> Sight {
        match self {
            Caller::Owner => Sight::All,
            Caller::Share { study } if action == Action::StudyRead => Sight::Study(*study),
            Caller::Share { .. } | Caller::Worker(..) => Sight::Of(BTreeSet::new()),
            Caller::User(_) if !self.scoped(action.rule().scope) => Sight::Of(BTreeSet::new()),
            Caller::User(person) => match (person.bound(), person.user.administrator) {
                (None, true) => Sight::All,
                (Some(only), true) => Sight::Of([only.clone()].into()),
                (_, false) => {
                    let may = person.roles.keys().filter(|p| self.may(action, Some(p)) == Verdict::Yes);
                    Sight::Of(may.cloned().collect())
                }
            },
        }
    }

    fn server_role(&self, action: Action) -> Option<Role> {
        match self {
            Caller::Owner => Some(Role::Administrator),
            Caller::Share { .. } | Caller::Worker(..) => None,
            Caller::User(person) => match (person.bound().is_some(), person.user.administrator) {
                // A token of one project changes nothing of the server.
                (true, _) if action.rule().scope > Scope::Read => None,
                (false, true) => Some(Role::Administrator),
                _ => Some(Role::Viewer),
            },
        }
    }

    /// Whether what they showed is good for this; a session is good for all.
    pub fn scoped(&self, needed: Scope) -> bool {
        match self {
            Caller::Owner => true,
            Caller::Share { .. } => needed == Scope::Read,
            Caller::Worker(..) => false,
            Caller::User(person) => match &person.by {
                Credential::Session(_) => true,
                Credential::Token(token) => token.scopes.iter().any(|scope| *scope >= needed),
            },
        }
    }

    pub fn via(&self) -> Via {
        match self {
            Caller::Owner => Via::Owner,
            Caller::Share { .. } => Via::Share,
            Caller::Worker(..) => Via::Token,
            Caller::User(person) => match person.by {
                Credential::Session(_) => Via::Session,
                Credential::Token(_) => Via::Token,
            },
        }
    }

    /// What stands in the audit trail, and as the maker of things.
    pub fn name(&self) -> Option<&str> {
        match self {
            Caller::Owner => Some(OWNER),
            Caller::Share { .. } | Caller::Worker(..) => None,
            Caller::User(person) => Some(&person.user.name),
        }
    }

    pub fn person(&self) -> Option<&Person> {
        match self {
            Caller::User(person) => Some(person),
            _ => None,
        }
    }
}

impl Person {
    /// The only project that their token is good for.
    fn bound(&self) -> Option<&Name> {
        match &self.by {
            Credential::Session(_) => None,
            Credential::Token(token) => token.project.as_ref(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use paramo_model::Timestamp;
    use paramo_store::{Source, UserId};

    use super::*;
    use crate::people::roles::RULES;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn person(administrator: bool, roles: &[(&str, Role)], by: Credential) -> Caller {
        let user = User {
            id: UserId(1),
            name: "ada".to_owned(),
            display_name: "Ada".to_owned(),
            email: None,
            source: Source::Local,
            subject: None,
            has_password: true,
            administrator,
            disabled: false,
            created: Timestamp(0),
            seen: None,
        };
        let roles = roles.iter().map(|(project, role)| (name(project), *role)).collect();
        Caller::User(Box::new(Person { user, roles, by }))
    }

    fn session() -> Credential {
        Credential::Session(Hashed([0; 32]))
    }

    fn token(scopes: &[Scope], project: Option<&str>) -> Credential {
        Credential::Token(Token {
            id: 1,
            name: "t".to_owned(),
            scopes: scopes.to_vec(),
            project: project.map(name),
            created: Timestamp(0),
            expires: None,
            used: None,
        })
    }

    #[test]
    fn every_cell_is_what_the_table_says_and_other_projects_are_hidden() {
        let (ours, theirs) = (name("ours"), name("theirs"));
        for rule in &RULES {
            for role in Role::ALL {
                let caller = person(false, &[("ours", *role)], session());
                if rule.reach == Reach::Server {
                    let expected = if rule.from == Role::Viewer { Verdict::Yes } else { Verdict::No };
                    assert_eq!(caller.may(rule.action, None), expected, "{} as {role:?}", rule.name);
                    continue;
                }
                let expected = if *role >= rule.from { Verdict::Yes } else { Verdict::No };
                assert_eq!(caller.may(rule.action, Some(&ours)), expected, "{} as {role:?}", rule.name);
                assert_eq!(caller.may(rule.action, Some(&theirs)), Verdict::Hidden, "{}", rule.name);
            }
            for all in [Caller::Owner, person(true, &[], session())] {
                assert_eq!(all.may(rule.action, Some(&theirs)), Verdict::Yes, "{}", rule.name);
                assert_eq!(all.may(rule.action, None), Verdict::Yes, "{}", rule.name);
            }
        }
    }

    #[test]
    fn a_token_is_good_for_its_scopes_and_its_project_only() {
        let ours = name("ours");
        for (scope, good) in [(Scope::Read, 1), (Scope::Write, 2), (Scope::Admin, 3)] {
            let caller = person(true, &[], token(&[scope], None));
            let verdicts = [Action::StudyRead, Action::StudyControl, Action::UserManage]
                .map(|action| caller.may(action, Some(&ours)) == Verdict::Yes);
            assert_eq!(verdicts.iter().filter(|yes| **yes).count(), good, "{scope:?}");
        }
        let bound = person(true, &[], token(&[Scope::Admin], Some("ours")));
        assert_eq!(bound.may(Action::ProjectDelete, Some(&ours)), Verdict::Yes);
        assert_eq!(bound.may(Action::StudyRead, Some(&name("theirs"))), Verdict::Hidden);
        for action in [Action::UserManage, Action::ProjectCreate, Action::TokenOwn, Action::AuditRead] {
            assert_eq!(bound.may(action, None), Verdict::No, "{action:?}");
        }
        assert_eq!(bound.may(Action::SystemRead, None), Verdict::Yes);
        assert_eq!(bound.sight(Action::StudyRead), Sight::Of([ours].into()));
        let reader = person(false, &[("ours", Role::Manager)], token(&[Scope::Read], None));
        assert_eq!(reader.sight(Action::AuditRead), Sight::Of([].into()));
    }

    #[test]
    fn a_share_sees_its_study_and_nothing_else() {
        let share = Caller::Share { study: StudyId(7) };
        let ours = name("ours");
        for rule in &RULES {
            assert_eq!(share.may(rule.action, None), Verdict::No, "{}", rule.name);
            if rule.reach == Reach::Project {
                assert_eq!(share.may(rule.action, Some(&ours)), Verdict::Hidden, "{}", rule.name);
            }
        }
        let sight = share.sight(Action::StudyRead);
        assert!(sight.has(StudyId(7), &ours) && !sight.has(StudyId(8), &ours) && !sight.has_project(&ours));
        assert_eq!(share.sight(Action::ProjectRead), Sight::Of([].into()));
    }
}
