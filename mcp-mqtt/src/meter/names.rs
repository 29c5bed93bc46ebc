//! The names of all metrics. The book has them in a table, with their labels.

macro_rules! names {
    ($($constant:ident $kind:ident $name:literal $help:literal)*) => {
        $(pub(super) const $constant: &str = $name;)*

        /// Tells the recorder what each metric is.
        #[cfg(all(feature = "metrics", feature = "cli"))]
        pub(crate) fn describe() {
            $(names!(@describe $kind $constant $help);)*
        }

        #[cfg(all(test, feature = "metrics", feature = "cli"))]
        pub(super) const ALL: &[&str] = &[$($name),*];
    };
    (@describe counter $name:ident $help:literal) => { metrics::describe_counter!($name, $help) };
    (@describe gauge $name:ident $help:literal) => { metrics::describe_gauge!($name, $help) };
    (@describe histogram $name:ident $help:literal) => {
        metrics::describe_histogram!($name, metrics::Unit::Seconds, $help)
    };
}

names! {
    SERVER_CALLS counter "mcp_mqtt_server_calls_total" "Calls that were answered or cancelled."
    SERVER_SECONDS histogram "mcp_mqtt_server_call_duration_seconds" "From receipt of a call that ran to its response."
    SERVER_RUNNING gauge "mcp_mqtt_server_calls_running" "Calls that have a place."
    SERVER_QUEUED gauge "mcp_mqtt_server_calls_queued" "Calls that wait for a place."
    SERVER_REFUSED counter "mcp_mqtt_server_refused_total" "Messages that were dropped without an answer."
    SERVER_DUPLICATES counter "mcp_mqtt_server_duplicates_total" "Calls that had come before."
    SERVER_CANCELS counter "mcp_mqtt_server_cancels_total" "Cancels that came."
    SERVER_NOTICES counter "mcp_mqtt_server_accept_notices_total" "Notices to callers that their calls are held."
    SERVER_RETRIES counter "mcp_mqtt_server_response_retries_total" "Responses that were sent again."
    CLIENT_CALLS counter "mcp_mqtt_client_calls_total" "Calls that ended."
    CLIENT_SECONDS histogram "mcp_mqtt_client_call_duration_seconds" "From the start of a call to its end."
    CLIENT_PENDING gauge "mcp_mqtt_client_calls_pending" "Calls that have not ended."
    CLIENT_RETRIES counter "mcp_mqtt_client_retries_total" "Calls that were sent again."
    CLIENT_CANCELS counter "mcp_mqtt_client_cancels_total" "Cancels that were sent."
    LOSSES counter "mcp_mqtt_connection_losses_total" "Connections to the broker that were lost."
    RECONNECTS counter "mcp_mqtt_reconnects_total" "Connections to the broker after a loss."
}
