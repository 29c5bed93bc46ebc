#[derive(
    ::renamed::__private::serde::Serialize,
    ::renamed::__private::serde::Deserialize,
    ::renamed::__private::schemars::JsonSchema
)]
#[serde(crate = "::renamed::__private::serde")]
#[schemars(crate = "::renamed::__private::schemars")]
/// A place.
#[serde(rename_all = "lowercase")]
pub enum Place {
    Here,
}
