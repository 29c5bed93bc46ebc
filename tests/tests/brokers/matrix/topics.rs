//! The topics that are published to, and the filters that are subscribed to.

use mcp_mqtt::wire::Namespace;

use super::Matrix;
use crate::world::{NAMESPACE, PEOPLE, SERVER, namespace};

impl Matrix {
    /// Every topic that the protocol has for these tools and people, and some that it has not.
    pub fn topics(&self) -> Vec<String> {
        let ns = namespace();
        let mut topics = Vec::new();
        for tool in self.tools.iter().map(String::as_str).chain(["unknown"]) {
            topics.extend([ns.call(tool), ns.tool_card(tool), ns.stream(tool, "c1")]);
            topics.extend(PEOPLE.map(|who| ns.bound_call(tool, who)));
        }
        for who in PEOPLE {
            topics.extend([
                ns.inbox(who),
                ns.cancel(SERVER, who),
                ns.cancel("other", who),
            ]);
        }
        for server in [SERVER, "other"] {
            topics.push(ns.server_card(server));
            topics.push(format!("{NAMESPACE}/mcp/servers/{server}/instances/i1"));
        }
        topics.extend(
            [
                "plant/b/mcp/tools/both/call",
                "plant/b/mcp/tools/both/call/scout",
                "plant/mcp/tools/both/call",
                "plant/a/mcp/tools/both/call/scout/more",
                "plant/a/mcp/tools/both/call/",
                "plant/a/mcp/tools/both",
                "plant/a/mcp/tools/both/Call/scout",
                "plant/a/mcp/tools//call/scout",
                "plant/a/mcp/clients/scout",
                "plant/a/mcp/clients/scout/responses/more",
                "plant/a/mcp/servers/hello/cancel",
                "plant/a/mcp/servers/hello/rpc/scout",
                "plant/a",
                "elsewhere",
            ]
            .map(str::to_owned),
        );
        topics
    }

    /// Filters of one topic each, own and foreign ones, and those with wildcards.
    pub fn filters(&self) -> Vec<String> {
        let ns = namespace();
        let mut filters = vec![ns.server_card(SERVER), ns.server_card("other")];
        for tool in &self.tools {
            filters.extend([ns.call(tool), ns.tool_card(tool), ns.stream(tool, "c1")]);
            filters.extend([ns.bound_call(tool, "scout"), ns.calls(tool)]);
            filters.push(ns.stream(tool, "+"));
        }
        filters.extend(PEOPLE.map(|who| ns.inbox(who)));
        filters.extend(["scout", "mallory", "+"].map(|who| ns.cancel(SERVER, who)));
        let wide = [
            "tools/+/call",
            "tools/+/call/+",
            "tools/+/call/#",
            "tools/+/stream/+",
            "tools/+/card",
            "tools/+/+",
            "tools/#",
            "servers/+/card",
            "servers/+/instances/+",
            "servers/hello/instances/+",
            "servers/hello/#",
            "servers/+/cancel/scout",
            "clients/+/responses",
            "clients/+/+",
            "clients/scout/#",
            "clients/scout/+",
            "clients/#",
            "+/scout/responses",
            "#",
        ];
        filters.extend(wide.map(|rest| format!("{NAMESPACE}/mcp/{rest}")));
        filters.extend(
            [
                "#",
                "+/#",
                "plant/#",
                "+/+/mcp/#",
                "+/a/mcp/clients/scout/responses",
                "+/+/mcp/tools/+/card",
                "plant/b/mcp/tools/both/call/#",
                "$SYS/#",
                "$SYS/broker/version",
            ]
            .map(str::to_owned),
        );
        filters
    }

    /// Shared subscriptions: of the server's groups, of guessed ones, of one's own.
    pub fn shared_filters(&self) -> Vec<String> {
        let ns = namespace();
        let mut filters = Vec::new();
        for tool in ["both", "nobodys"] {
            let own = Namespace::share_group(tool, self.scope.share_key.as_deref());
            for group in [own, Namespace::share_group(tool, None), "mine".to_owned()] {
                filters.push(format!("$share/{group}/{}", ns.calls(tool)));
            }
            let group = Namespace::share_group(tool, self.scope.share_key.as_deref());
            filters.push(format!("$share/{group}/{}", ns.bound_call(tool, "+")));
        }
        filters.push(format!("$share/mine/{}", ns.inbox("scout")));
        filters.push(format!("$share/mine/{}", ns.tool_card("both")));
        filters.push("$share/mine/#".to_owned());
        filters.push("$share/mine/$SYS/#".to_owned());
        filters.sort();
        filters.dedup();
        filters
    }
}
