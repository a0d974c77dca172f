//! Which ID tokens are believed.

use serde_json::{Value, json};

use super::super::id_token::{Claims, Expected, Fault, Keys, check};
use super::{Signer, encode};

/// Signed by a key that was thrown away, with OpenSSL: {"iss":"https://id.example","aud":"paramo","sub":"1","exp":2000000000,"nonce":"n"}.
const BODY: &str = "eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOiJwYXJhbW8iLCJzdWIiOiIxIiwiZXhwIjoyMDAwMDAwMDAwLCJub25jZSI6Im4ifQ";
const RS256: (&str, &str) = (
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InIifQ",
    "D-vH7wKw5Y54ntRIgWfPFoWxjdD2Asfg8oFCUw2yTHOaWL2QLf54qcghXr0cwp7UwtYjjav1DC2_WWvZnKdU8GXbuibNCymK6cM5hfrRGZAba_0JGP4gHCKon4_u-G3ffKMO3rJTBuGjZo_UUw4LECxsWqGEUKvRin6FGd1Yn1ZroZ1GVHvi6BGme6Mp99DHJwPZQ8eYsCV_JqHqOW-2MvZ7taVXUAiB3w8AUGmJYkGNFlHuHRyl3Ik2laGnUBnWvO9LX52JFLCY_hD2sBVj9D9wpBiQvIknIEowuidCy9fivvuVqsILXsLb8W-oCUSpTf7FYKw51vXrHQy17upsrQ",
);
const PS256: (&str, &str) = (
    "eyJhbGciOiJQUzI1NiIsImtpZCI6InIifQ",
    "a_T-sceUdkdas7NMavedt3a7l2yfRkJHOWc8ahOM68UzqM7wj7soPrIDp5PQSb8OKB1hCOiYFSYJTJs_Z_MC59OlFqthSeh-xTe_bj1MbyIl2T2G3xSffM8wEmu-SY0hzMRGT74k0bjjdfYk0JEpeoZZLMpHSiAh6UGu4_WqXSoFtBVN-FgKhaVRdoIMQAAT4JUW6T0RU53B4F2gd0n1WcDDQtLisQ7anJ3E5x9_fn2mdaqakGHylOHMfrELRTp_GTD-U8XBf2saBgoo8TVkmKft3qwq9mqQj-cKqieie2V2gucIZxAE3GiXQ7Z0HZ9ZYmUXoUJOMkLa34v7wxjBRg",
);
const MODULUS: &str = "sbzyTxmF5UIhSTlfoJQZaJSS3d3yej5NnJRiTH21nOTGmiF6rOdnugWAvoP_PeSE-ZGXDXInhpGdyGgUo0uZLors9kRCvh3YNxBhzzTim9myBaSH3jXZPasvt2v5Jf2unz_lbLU17TiIjfdUYe--xCqkBK-iXxGnyp0VMrPiIZQBxhKPRu_gCH3ifXy0QB0rrVRXQsYnBaRkh3kxHWmoZLyR8F7S5O5XbCvLPZlYn1hhEG-Yt7nmzndKBH8sc0KFuFRMIZu1o3h5yToYPYXPEblLNSh3C7jT4ArvxnqdHz4q3gWHlan7Vc4Y7mFWBAL9E3RmIreanwlx_b9hSB_l5Q";

const NOW: i64 = 1_900_000_000;
const EXPECTED: Expected<'static> =
    Expected { issuer: "https://id.example", client_id: "paramo", nonce: "n", now: NOW };

fn claims() -> Value {
    json!({ "iss": "https://id.example", "aud": "paramo", "sub": "1", "exp": NOW + 300, "iat": NOW, "nonce": "n" })
}

/// The claims with some of them others; null takes one away.
fn with(change: Value) -> Value {
    let mut claims = claims();
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

fn believed(token: &str, keys: Value) -> Result<Claims, Fault> {
    check(token, &Keys::parse(json!({ "keys": keys })).unwrap(), &EXPECTED)
}

#[track_caller]
fn untrue(result: Result<Claims, Fault>) -> String {
    match result {
        Err(Fault::Untrue(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_of_each_kind_of_key_is_believed() {
    for signer in [Signer::ec("a"), Signer::ed("a")] {
        let found = believed(&signer.sign(&claims()), json!([signer.jwk()])).unwrap();
        assert_eq!(found["sub"], "1");
        let without = signer.sign_as(&json!({ "alg": signer.algorithm() }), &claims());
        assert!(believed(&without, json!([Signer::ec("b").jwk(), signer.jwk()])).is_ok());
    }
    let rsa = json!([{ "kty": "RSA", "kid": "r", "n": MODULUS, "e": "AQAB" }]);
    for (head, signature) in [RS256, PS256] {
        let token = format!("{head}.{BODY}.{signature}");
        assert_eq!(believed(&token, rsa.clone()).unwrap()["sub"], "1");
        let other = format!("{head}.{BODY}.{}", if signature == RS256.1 { PS256.1 } else { RS256.1 });
        assert!(matches!(believed(&other, rsa.clone()), Err(Fault::Key(_))));
    }
}

#[test]
fn a_token_that_says_what_is_not_so_is_refused() {
    let signer = Signer::ec("a");
    let mut said = String::new();
    for change in [
        json!({ "iss": "https://id.example/" }),
        json!({ "iss": null }),
        json!({ "aud": "another" }),
        json!({ "aud": null }),
        json!({ "aud": ["paramo", "another"] }),
        json!({ "aud": ["another"], "azp": "paramo" }),
        json!({ "azp": "another" }),
        json!({ "exp": NOW - 60 }),
        json!({ "exp": null }),
        json!({ "exp": "2000000000" }),
        json!({ "iat": NOW + 61 }),
        json!({ "nbf": NOW + 61 }),
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": 1 }),
    ] {
        let why = untrue(believed(&signer.sign(&with(change.clone())), json!([signer.jwk()])));
        said += &format!("{change}: {why}\n");
    }
    insta::assert_snapshot!(said, @r#"
    {"iss":"https://id.example/"}: its issuer (`iss`) is not https://id.example
    {"iss":null}: its issuer (`iss`) is not https://id.example
    {"aud":"another"}: it is not for the client paramo (`aud`, `azp`)
    {"aud":null}: it is not for the client paramo (`aud`, `azp`)
    {"aud":["paramo","another"]}: it is not for the client paramo (`aud`, `azp`)
    {"aud":["another"],"azp":"paramo"}: it is not for the client paramo (`aud`, `azp`)
    {"azp":"another"}: it is not for the client paramo (`aud`, `azp`)
    {"exp":1899999940}: it has expired (`exp`); does the clock of this machine go right?
    {"exp":null}: it does not say when it expires (`exp`)
    {"exp":"2000000000"}: it does not say when it expires (`exp`)
    {"iat":1900000061}: it is from the future (`iat`, `nbf`); does the clock of this machine go right?
    {"nbf":1900000061}: it is from the future (`iat`, `nbf`); does the clock of this machine go right?
    {"nonce":"another"}: it was not made for this sign-in (`nonce`)
    {"nonce":null}: it was not made for this sign-in (`nonce`)
    {"sub":null}: it does not say who it is about (`sub`)
    {"sub":""}: it does not say who it is about (`sub`)
    {"sub":1}: it does not say who it is about (`sub`)
    "#);
    // Clocks differ a little, and a token may be for others as well.
    for change in [
        json!({ "exp": NOW - 59, "iat": NOW + 60 }),
        json!({ "aud": ["paramo"] }),
        json!({ "aud": ["another", "paramo"], "azp": "paramo" }),
    ] {
        assert!(believed(&signer.sign(&with(change)), json!([signer.jwk()])).is_ok());
    }
}

#[test]
fn what_is_not_signed_by_the_provider_is_refused() {
    let (signer, other) = (Signer::ec("a"), Signer::ec("a"));
    let keys = json!([signer.jwk()]);
    let token = signer.sign(&claims());
    // Signed by somebody else, by a key of another name, or changed afterwards.
    let (head, rest) = token.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let changed = format!("{head}.{}.{signature}", encode(with(json!({ "sub": "2" })).to_string()));
    for token in [other.sign(&claims()), Signer::ec("b").sign(&claims()), changed] {
        assert!(matches!(believed(&token, keys.clone()), Err(Fault::Key(_))));
    }
    // Not signed at all, or with what everybody knows.
    for algorithm in ["none", "HS256", "ES256K", "RS1"] {
        let token = signer.sign_as(&json!({ "alg": algorithm, "kid": "a" }), &claims());
        assert!(
            untrue(believed(&token, keys.clone()))
                .contains(&format!("signed by `{algorithm}`, which is not taken"))
        );
    }
    // A key of another kind, one for encryption, and none.
    let as_rsa = signer.sign_as(&json!({ "alg": "RS256", "kid": "a" }), &claims());
    assert!(matches!(believed(&as_rsa, keys.clone()), Err(Fault::Key(_))));
    let mut encryption = signer.jwk();
    encryption["use"] = json!("enc");
    assert!(matches!(believed(&token, json!([encryption])), Err(Fault::Key(_))));
    assert!(matches!(
        believed(&token, json!([{ "kty": "oct", "k": "AA" }, { "kty": "EC" }, 1])),
        Err(Fault::Key(_))
    ));
}

#[test]
fn what_is_no_token_is_refused() {
    let signer = Signer::ec("a");
    let critical = signer.sign_as(&json!({ "alg": "ES256", "kid": "a", "crit": ["exp"] }), &claims());
    let no_claims = signer.sign(&json!([1]));
    for (token, why) in [
        ("", "no signed token"),
        ("a.b", "no signed token"),
        ("a.b.c", "no signed token"),
        ("a.b.c.d.e", "it is encrypted"),
        (&critical, "`crit`"),
        (&no_claims, "no signed token"),
        (&"a".repeat(300 * 1024), "no signed token"),
    ] {
        let said = untrue(believed(token, json!([signer.jwk()])));
        assert!(said.contains(why), "{said}");
    }
    assert!(Keys::parse(json!({ "error": "gone" })).is_err());
}

proptest::proptest! {
    #[test]
    fn any_text_is_refused_without_failing(token in "[\\PC.]{0,80}") {
        proptest::prop_assert!(believed(&token, json!([Signer::ed("a").jwk()])).is_err());
    }
}
