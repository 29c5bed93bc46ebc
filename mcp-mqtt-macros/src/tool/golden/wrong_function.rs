#[allow(unused)]
/// Reads.
async fn read<T>(value: T) {
    body
}
::core::compile_error! {
    "tool `read` must not be generic: its JSON Schema is fixed at compile time\nhelp: write a tool for each type"
}
