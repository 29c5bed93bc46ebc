//! Cards of tools, servers and instances.

use mcp_mqtt::wire::{InstanceCard, ServerCard, ToolCard};

/// What is read is printed and read again as the same.
pub fn cards(data: &[u8]) {
    super::reads_back::<ToolCard>(data);
    super::reads_back::<ServerCard>(data);
    super::reads_back::<InstanceCard>(data);
}
