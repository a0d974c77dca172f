//! What the description says of all routes alike: how one comes in, and what the door answers before a handler is asked. It is taken from
//! the table of routes, so that it cannot say anything else than what is done.

use axum::http::Method;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{Array, ArrayItems, Schema, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr};

use crate::access::browser;
use crate::people::routes::{self, Found, Guard, Of};

const PROBLEM: &str = "#/components/schemas/Problem";
const BEARER: &str = "token";
const COOKIE: &str = "session";

/// What the door answers, by status, with the name of the answer.
const ANSWERS: [(&str, &str, &str); 11] = [
    ("400", "BadRequest", "The request cannot be understood: its path, its query or its body"),
    ("401", "Unknown", "Who asks is not known, or their token or session has expired"),
    ("403", "Forbidden", "Who asks may not do this, or the request comes from another page"),
    ("404", "NotFound", "There is no such thing, or who asks does not see it"),
    ("408", "TooSlow", "The body comes too slowly"),
    ("409", "Conflict", "The state does not allow it, or the name is in several projects"),
    ("413", "TooLarge", "The body is too large"),
    ("415", "NoJson", "The body does not say that it is JSON"),
    ("422", "Unprocessable", "The body is JSON of another shape, or makes no sense"),
    ("429", "TooMany", "There were too many wrong tries; wait"),
    ("503", "Unavailable", "It is not possible now: the store does not answer"),
];

/// Adds to a document what holds for every route.
pub(super) fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(browser::SESSION));
    components.add_security_scheme(COOKIE, SecurityScheme::ApiKey(cookie));
    for (_, name, description) in ANSWERS {
        let answer = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", Content::new(Some(RefOr::Ref(Ref::new(PROBLEM)))));
        components.responses.insert(name.to_owned(), answer.build().into());
    }
    for schema in components.schemas.values_mut() {
        if let RefOr::T(Schema::Array(list)) = schema {
            as_tuple(list);
        }
    }
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            if let Found::Guard(guard) = routes::find(&method, path) {
                tell(operation, &method, path, guard);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn tell(operation: &mut Operation, method: &Method, path: &str, guard: Guard) {
    let open = matches!(guard, Guard::Open(_));
    operation.security = Some(match open {
        true => Vec::new(),
        false => [BEARER, COOKIE].map(|name| SecurityRequirement::new::<_, [&str; 0], &str>(name, [])).into(),
    });
    for answer in operation.responses.responses.values_mut() {
        if let RefOr::T(answer) = answer {
            as_problem(answer);
        }
    }
    let changes = routes::changes(method);
    let in_path = path.contains('{');
    let of = match guard {
        Guard::Needs(_, of) => Some(of),
        Guard::Open(_) | Guard::Known(_) | Guard::Work(_) => None,
    };
    let has_query = operation.parameters.iter().flatten().any(
        |parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in != ParameterIn::Path),
    );
    let has_body = operation.request_body.is_some();
    let said = [
        ("400", changes || in_path || has_query),
        ("401", !open),
        ("403", !open || changes),
        ("404", in_path || matches!(of, Some(Of::Query | Of::Body))),
        ("408", changes),
        ("409", matches!(of, Some(Of::Study | Of::Schedule))),
        ("413", changes),
        ("415", has_body),
        ("422", has_body),
        ("503", true),
    ];
    for (status, _) in said.into_iter().filter(|(_, said)| *said) {
        let name = ANSWERS.iter().find(|(other, ..)| *other == status).map_or("", |(_, name, _)| *name);
        let answer = RefOr::Ref(Ref::from_response_name(name));
        operation.responses.responses.entry(status.to_owned()).or_insert(answer);
    }
}

/// What a tuple of several types holds is written down as objects, which it is not.
fn as_tuple(list: &mut Array) {
    if list.min_items.is_some()
        && list.min_items == list.max_items
        && let ArrayItems::RefOrSchema(item) = &mut list.items
        && let RefOr::T(Schema::Object(item)) = item.as_mut()
        && item.properties.is_empty()
        && item.schema_type == SchemaType::Type(Type::Object)
    {
        item.schema_type = SchemaType::AnyValue;
    }
}

/// Problems have a media type of their own, which the macros of the handlers do not know.
fn as_problem(answer: &mut Response) {
    let is_problem = |content: &RefOr<Content>| match content {
        RefOr::T(content) => {
            matches!(&content.schema, Some(RefOr::Ref(schema)) if schema.ref_location == PROBLEM)
        }
        RefOr::Ref(_) => false,
    };
    if answer.content.get("application/json").is_some_and(is_problem)
        && let Some(content) = answer.content.shift_remove("application/json")
    {
        answer.content.insert("application/problem+json".to_owned(), content);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use serde_json::Value;

    /// The places in a document where this key stands, with what it says there.
    fn places<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get(key));
                fields.values().for_each(|value| places(value, key, found));
            }
            Value::Array(items) => items.iter().for_each(|value| places(value, key, found)),
            _ => {}
        }
    }

    #[test]
    fn parameters_are_where_they_are_said_to_be_and_all_that_is_referred_to_is_there() {
        let document: Value = serde_json::from_str(&crate::openapi()).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    let name = parameter["name"].as_str().unwrap();
                    let in_path = path.contains(&format!("{{{name}}}"));
                    assert_eq!(parameter["in"] == "path", in_path, "{method} {path}: {name}");
                }
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses.keys().any(|status| status < &"400".to_owned()), "{method} {path}");
                assert!(responses.contains_key("503"), "{method} {path}");
            }
        }
        let mut references = Vec::new();
        places(&document, "$ref", &mut references);
        assert!(references.len() > 100);
        for reference in references {
            let pointer = reference.as_str().unwrap().trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    /// Two shapes of one name would be described by one of them.
    #[test]
    fn no_two_shapes_have_one_name() {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for shape in text.split("ToSchema)]\n").skip(1) {
                    let mut words = shape.split(|letter: char| !letter.is_ascii_alphanumeric());
                    let found = words.find(|word| ["as", "struct", "enum"].contains(word));
                    let name = found.and_then(|_| words.find(|word| !word.is_empty()));
                    let name = name.unwrap_or_else(|| panic!("{}: {shape}", path.display())).to_owned();
                    let place = path.display().to_string();
                    if let Some(other) = seen.insert(name.clone(), place.clone()) {
                        panic!("{name} is in {other} and in {place}; say `#[schema(as = …)]` at one of them");
                    }
                }
            }
        }
        assert!(seen.len() > 50, "{seen:?}");
    }
}
