//! MQTT 5.0, sections 4.7 and 4.8.2, as far as every broker does it alike: which topics a filter
//! matches, and what stands in a shared subscription.

/// Whether a message on `topic` belongs to `filter`.
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let filter: Vec<_> = filter.split('/').collect();
    let topic: Vec<_> = topic.split('/').collect();
    levels_match(&filter, &topic)
}

fn levels_match(filter: &[&str], topic: &[&str]) -> bool {
    match (filter, topic) {
        (["#"], _) | ([], []) => true,
        ([level, filter @ ..], [other, topic @ ..]) => {
            (*level == "+" || level == other) && levels_match(filter, topic)
        }
        _ => false,
    }
}

/// The share group, if there is one, and the filter; `None` if it is no subscription.
pub fn subscription(text: &str) -> Option<(Option<&str>, &str)> {
    let Some(shared) = text.strip_prefix("$share/") else {
        return (text != "$share").then_some((None, text));
    };
    let (group, filter) = shared.split_once('/')?;
    let fine = !group.is_empty() && !group.contains(['+', '#']) && !filter.is_empty();
    fine.then_some((Some(group), filter))
}
