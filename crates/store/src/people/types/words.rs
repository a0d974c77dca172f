//! Small sets of words that stand as text in the database and in the API.

/// An enum whose values are words: with `ALL`, `word` and `of_word`, and written as its word by serde.
macro_rules! words {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$inner])* #[serde(rename = $word)] $value,)+
        }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$value,)+];

            /// As it stands in the database and in the API.
            pub fn word(self) -> &'static str {
                match self {
                    $($name::$value => $word,)+
                }
            }

            pub fn of_word(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|value| value.word() == word)
            }
        }
    };
}
pub(super) use words;
