#[allow(unused)]
fn main() {
    fn main() {}
}
::core::compile_error! {
    "`main` must be an `async fn`\nhelp: write `async fn main()`, and remove `#[tokio::main]` if it is there"
}
