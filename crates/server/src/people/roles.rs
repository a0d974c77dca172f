//! Who may do what: one table of actions, each with the least role that may do it. The server reads it, docs/roles.md is printed from
//! it, `GET /api/v1/roles` answers with it, and a test tries every cell through the API.

use std::fmt::Write as _;

use paramo_store::{Role, Scope};

/// Something that a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    StudyRead,
    StudyCreate,
    StudyControl,
    StudyDelete,
    StudyShare,
    ApplicationRead,
    ApplicationWrite,
    JobRead,
    JobSubmit,
    JobControl,
    SecretRead,
    SecretWrite,
    ProjectRead,
    ProjectManage,
    ProjectCreate,
    ProjectQuota,
    ProjectDelete,
    UserManage,
    AuditRead,
    SiteRead,
    WorkerManage,
    TokenOwn,
    SystemRead,
}

/// Whose the thing is that an action is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A project's: the role in that project counts.
    Project,
    /// The server's: everybody who is known is a viewer of it, and an administrator its administrator.
    Server,
}

/// A line of the table.
#[derive(Debug)]
pub struct Rule {
    pub action: Action,
    pub name: &'static str,
    pub help: &'static str,
    pub reach: Reach,
    /// The least role that may; those above it may as well.
    pub from: Role,
    /// What a token needs beside the role of its owner.
    pub scope: Scope,
}

const fn rule(
    action: Action,
    name: &'static str,
    reach: Reach,
    from: Role,
    scope: Scope,
    help: &'static str,
) -> Rule {
    Rule { action, name, help, reach, from, scope }
}

use Reach::{Project, Server};
use Role::{Administrator, Manager, Member, Viewer};
use Scope::{Admin, Read, Write};

/// The table.
#[rustfmt::skip]
pub static RULES: [Rule; 23] = [
    rule(Action::StudyRead, "study.read", Project, Viewer, Read, "see a study, its runs, results, files and pictures"),
    rule(Action::StudyCreate, "study.create", Project, Member, Write, "begin a study, or estimate one"),
    rule(Action::StudyControl, "study.control", Project, Member, Write, "start, pause, resume, cancel, retry and extend a study; set its slots and limits"),
    rule(Action::StudyDelete, "study.delete", Project, Manager, Write, "remove a study with its results"),
    rule(Action::StudyShare, "study.share", Project, Member, Write, "make, list and withdraw links that show one study"),
    rule(Action::ApplicationRead, "application.read", Project, Viewer, Read, "see the applications and their versions"),
    rule(Action::ApplicationWrite, "application.write", Project, Member, Write, "register an application, or mark a version as no longer to be used"),
    rule(Action::JobRead, "job.read", Project, Viewer, Read, "see a batch job, its output and its files, and what is submitted again and again"),
    rule(Action::JobSubmit, "job.submit", Project, Member, Write, "submit a batch job to a site, once or again and again"),
    rule(Action::JobControl, "job.control", Project, Member, Write, "cancel and remove a batch job, and submit something no more"),
    rule(Action::SecretRead, "secret.read", Project, Member, Read, "see the names of secrets; nobody sees their values"),
    rule(Action::SecretWrite, "secret.write", Project, Manager, Admin, "set and remove secrets"),
    rule(Action::ProjectRead, "project.read", Project, Viewer, Read, "see a project, its members, quotas and use"),
    rule(Action::ProjectManage, "project.manage", Project, Manager, Admin, "add and remove members and groups, change roles up to one's own, change the title"),
    rule(Action::ProjectCreate, "project.create", Server, Administrator, Admin, "make a project"),
    rule(Action::ProjectQuota, "project.quota", Project, Administrator, Admin, "set the quotas and the share of a project"),
    rule(Action::ProjectDelete, "project.delete", Project, Administrator, Admin, "remove a project that has no studies"),
    rule(Action::UserManage, "user.manage", Server, Administrator, Admin, "invite, change, disable and remove users"),
    rule(Action::AuditRead, "audit.read", Project, Manager, Admin, "read who did what in a project; in all of them as an administrator of the server"),
    rule(Action::SiteRead, "site.read", Server, Viewer, Read, "see sites, pools and workers"),
    rule(Action::WorkerManage, "worker.manage", Server, Administrator, Admin, "make, list and withdraw the tokens with which workers elsewhere come in"),
    rule(Action::TokenOwn, "token.own", Server, Viewer, Admin, "make, list and withdraw tokens of one's own"),
    rule(Action::SystemRead, "system.read", Server, Viewer, Read, "see the version, the health, the roles, the description of the API and the events of what one sees"),
];

impl Action {
    pub fn rule(self) -> &'static Rule {
        // The table lists the actions in their order, which a test holds.
        &RULES[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.rule().name
    }

    pub fn allowed(self, role: Role) -> bool {
        role >= self.rule().from
    }
}

const HEAD: &str = "\
# Roles

<!-- made by `paramo docs roles > docs/roles.md`; edit the table in crates/server/src/people/roles.rs -->

Everybody has a role in each project that they see. A role may do what those to its left may. A person who is an administrator of the
server is an administrator of every project. What somebody may not see is answered as if it did not exist; what they may see and not do is
refused with the action's name.

";

const FOOT: &str = "
Actions of the *server* do not belong to a project: everybody who has signed in counts as a viewer there, and only an administrator of
the server as an administrator.

A token may do what its owner may, if its scope allows it: `read` is enough for some actions, `write` includes `read`, `admin` includes both. A
token of one project sees nothing else. The token of a worker lets it come in to work, and nothing else. A share link shows one study, and changes nothing.
";

/// The page docs/roles.md.
pub fn page() -> String {
    let mut out = HEAD.to_owned();
    let heads: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "| action | of | {} | a token needs | what it is |", heads.join(" | "));
    let _ = writeln!(out, "| --- | --- | {}--- | --- |", ":---: | ".repeat(Role::ALL.len()));
    for rule in &RULES {
        let of = match rule.reach {
            Reach::Project => "project",
            Reach::Server => "server",
        };
        let cells = Role::ALL.iter().map(|role| if rule.action.allowed(*role) { "yes" } else { "" });
        let cells: Vec<&str> = cells.collect();
        let _ = writeln!(
            out,
            "| `{}` | {of} | {} | {} | {} |",
            rule.name,
            cells.join(" | "),
            rule.scope.word(),
            rule.help
        );
    }
    out.push_str(FOOT);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_the_actions_in_their_order() {
        for (place, rule) in RULES.iter().enumerate() {
            assert_eq!(rule.action as usize, place, "{}", rule.name);
            assert_eq!(rule.action.rule().name, rule.name);
        }
    }

    #[test]
    fn a_higher_role_may_all_that_a_lower_one_may() {
        for rule in &RULES {
            let may: Vec<bool> = Role::ALL.iter().map(|role| rule.action.allowed(*role)).collect();
            assert!(may.is_sorted(), "{}: {may:?}", rule.name);
            assert!(may.last() == Some(&true), "{}: nobody may", rule.name);
        }
    }

    #[test]
    fn the_page_has_a_line_for_each_action() {
        let page = page();
        for rule in &RULES {
            assert!(page.contains(&format!("| `{}` |", rule.name)), "{}", rule.name);
        }
    }
}
