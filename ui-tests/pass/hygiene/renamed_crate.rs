//! The crate is called something else, and its name is another crate's.

pub extern crate mcp_mqtt as renamed;
extern crate std as mcp_mqtt;

use renamed::{json, tool};

#[json(crate = ::renamed)]
struct Place {
    name: String,
}

/// Goes there.
#[tool(crate = ::renamed)]
async fn go(place: Place, #[schemars(range(min = 1))] speed: u8) -> Place {
    let _ = speed;
    Place { name: place.name }
}

mod inner {
    pub use renamed as also;

    /// Stays here.
    #[renamed::tool(crate = crate::inner::also)]
    pub async fn stay() {}
}

#[allow(dead_code)] // compiled and not run: it would serve
mod program {
    use renamed::mcp_server;
    use renamed::server::Setup;

    #[mcp_server(name = "hello", crate = ::renamed)]
    async fn main(setup: Setup) -> Setup {
        setup
    }
}

fn main() {
    assert_eq!(renamed::tool::Registry::linked().unwrap().len(), 2);
}
