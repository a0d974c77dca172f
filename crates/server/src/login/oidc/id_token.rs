//! What must hold of an ID token before a word in it is believed (OpenID Connect Core 3.1.3.7).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 60;
/// The largest token that is looked at, in bytes.
const LARGEST: usize = 256 * 1024;

pub type Claims = Map<String, Value>;

/// What a token is compared with.
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    /// Seconds since 1970.
    pub now: i64,
}

/// Why a token is not believed.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// No key that is known signed it: the provider may have new ones.
    Key(String),
    Untrue(String),
}

/// The provider's public keys.
#[derive(Debug, Default)]
pub struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point on the curve of this name.
    Point {
        curve: String,
        bytes: Vec<u8>,
    },
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct RawKey {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// How a signature is checked: only with public keys, so that nobody who knows one can sign with it.
enum Check {
    Rsa(&'static RsaParameters),
    Point(&'static str, &'static dyn VerificationAlgorithm),
}

fn check_of(algorithm: &str) -> Option<Check> {
    Some(match algorithm {
        "RS256" => Check::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Check::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Check::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Check::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
        "PS384" => Check::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
        "PS512" => Check::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
        "ES256" => Check::Point("P-256", &signature::ECDSA_P256_SHA256_FIXED),
        "ES384" => Check::Point("P-384", &signature::ECDSA_P384_SHA384_FIXED),
        "EdDSA" => Check::Point("Ed25519", &signature::ED25519),
        _ => return None,
    })
}

impl Keys {
    /// From a JWK set. Keys of kinds that are not known here are left out, as are those that are not for signatures.
    pub fn parse(set: Value) -> Result<Keys, String> {
        let set: KeySet =
            serde_json::from_value(set).map_err(|error| format!("it is no set of keys: {error}"))?;
        Ok(Keys(set.keys.into_iter().filter_map(Key::parse).collect()))
    }

    fn verify(&self, header: &Header, message: &[u8], given: &[u8]) -> Result<(), Fault> {
        let check = check_of(&header.alg).ok_or_else(|| {
            Fault::Untrue(format!(
                "it is signed by `{}`, which is not taken; have the provider sign with RS256, PS256, ES256 or EdDSA",
                header.alg.escape_default()
            ))
        })?;
        let mut fitting = self.0.iter().filter(|key| header.kid.is_none() || key.id == header.kid);
        let good = fitting.any(|key| match (&check, &key.material) {
            (Check::Rsa(parameters), Material::Rsa { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, given).is_ok()
            }
            (Check::Point(name, algorithm), Material::Point { curve, bytes }) => {
                name == curve && UnparsedPublicKey::new(*algorithm, bytes).verify(message, given).is_ok()
            }
            _ => false,
        });
        good.then_some(()).ok_or_else(|| Fault::Key("none of the provider's keys has signed it".to_owned()))
    }
}

impl Key {
    fn parse(key: Value) -> Option<Key> {
        let key: RawKey = serde_json::from_value(key).ok()?;
        if key.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let material = match key.kty.as_str() {
            "RSA" => Material::Rsa { n: decode(&key.n?)?, e: decode(&key.e?)? },
            "EC" => {
                // Uncompressed, as SEC 1 writes it.
                let bytes = [vec![4], decode(&key.x?)?, decode(&key.y?)?].concat();
                Material::Point { curve: key.crv?, bytes }
            }
            "OKP" => Material::Point { curve: key.crv?, bytes: decode(&key.x?)? },
            _ => return None,
        };
        Some(Key { id: key.kid, material })
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Checks a token and hands out its claims.
pub fn check(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Claims, Fault> {
    let malformed = || Fault::Untrue("it is no signed token".to_owned());
    if token.len() > LARGEST {
        return Err(malformed());
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [head, body, given] = parts[..] else {
        return Err(match parts.len() {
            5 => Fault::Untrue(
                "it is encrypted, which is not read here; have the provider sign it only".to_owned(),
            ),
            _ => malformed(),
        });
    };
    let header: Header =
        decode(head).and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(malformed)?;
    if header.crit.is_some() {
        return Err(Fault::Untrue("it asks for something that is not known here (`crit`)".to_owned()));
    }
    let given = decode(given).ok_or_else(malformed)?;
    let message = &token.as_bytes()[..head.len() + 1 + body.len()];
    keys.verify(&header, message, &given)?;
    let claims = decode(body).and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(malformed)?;
    believable(&claims, expected).map_err(Fault::Untrue)?;
    Ok(claims)
}

fn believable(claims: &Claims, expected: &Expected<'_>) -> Result<(), String> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(format!("its issuer (`iss`) is not {}", expected.issuer));
    }
    let us = Some(expected.client_id);
    let for_us = match claims.get("aud") {
        Some(Value::String(one)) => Some(one.as_str()) == us,
        // With others beside us, it must say that it was made for us.
        Some(Value::Array(all)) => {
            all.iter().any(|one| one.as_str() == us) && (all.len() == 1 || text("azp") == us)
        }
        _ => false,
    };
    if !for_us || claims.get("azp").is_some_and(|party| party.as_str() != us) {
        return Err(format!("it is not for the client {} (`aud`, `azp`)", expected.client_id));
    }
    let time = |name: &str| claims.get(name).and_then(Value::as_f64).map(|seconds| seconds as i64);
    let expires = time("exp").ok_or("it does not say when it expires (`exp`)")?;
    if expires.saturating_add(LEEWAY) <= expected.now {
        return Err("it has expired (`exp`); does the clock of this machine go right?".to_owned());
    }
    let latest = expected.now.saturating_add(LEEWAY);
    if ["iat", "nbf"].iter().any(|name| time(name).is_some_and(|moment| moment > latest)) {
        return Err(
            "it is from the future (`iat`, `nbf`); does the clock of this machine go right?".to_owned()
        );
    }
    if text("nonce") != Some(expected.nonce) {
        return Err("it was not made for this sign-in (`nonce`)".to_owned());
    }
    match text("sub") {
        Some(subject) if super::super::is_word(subject) => Ok(()),
        _ => Err("it does not say who it is about (`sub`)".to_owned()),
    }
}
