//! Topic names, topic filters, and the tree that finds the filters a topic matches (MQTT 3.1.1, section 4.7).

use std::collections::HashMap;
use std::str::Split;

use super::limits::{MAX_LEVELS, MAX_TOPIC};

/// Why a topic name or filter cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTopic {
    /// [MQTT-4.7.3-1]
    #[error("it is empty")]
    Empty,
    /// [MQTT-4.7.3-2]
    #[error("it contains U+0000")]
    Nul,
    /// [MQTT-3.3.2-2], [MQTT-4.7.1-2], [MQTT-4.7.1-3]
    #[error("a wildcard stands where none may")]
    Wildcard,
    /// Legal in the standard, but more than Pym takes.
    #[error("it has more than {MAX_TOPIC} bytes or {MAX_LEVELS} levels")]
    TooLong,
}

/// Checks a topic name, which holds no wildcards.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(topic: &str) -> Result<(), BadTopic> {
    check_text(topic)?;
    if topic.contains(['+', '#']) { Err(BadTopic::Wildcard) } else { check_size(topic) }
}

/// Checks a topic filter: `+` stands for a whole level, `#` for the last one and all below it.
///
/// # Errors
/// What is wrong with it.
pub fn check_filter(filter: &str) -> Result<(), BadTopic> {
    check_text(filter)?;
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let fits = match level {
            "#" => levels.peek().is_none(),
            "+" => true,
            _ => !level.contains(['+', '#']),
        };
        if !fits {
            return Err(BadTopic::Wildcard);
        }
    }
    check_size(filter)
}

fn check_text(text: &str) -> Result<(), BadTopic> {
    if text.is_empty() {
        Err(BadTopic::Empty)
    } else if text.contains('\0') {
        Err(BadTopic::Nul)
    } else {
        Ok(())
    }
}

fn check_size(text: &str) -> Result<(), BadTopic> {
    let fits = text.len() <= MAX_TOPIC && text.bytes().filter(|byte| *byte == b'/').count() < MAX_LEVELS;
    if fits { Ok(()) } else { Err(BadTopic::TooLong) }
}

/// Whether a checked filter matches a checked topic name.
#[must_use]
pub fn matches(filter: &str, topic: &str) -> bool {
    // A leading wildcard does not match the server's own topics: [MQTT-4.7.2-1].
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        match (wanted, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (wanted, Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

/// The part of a filter before its first wildcard: every topic it matches begins with it, except that `a/#` also
/// matches `a`.
#[must_use]
pub fn literal_prefix(filter: &str) -> &str {
    let end = filter.find(['+', '#']).unwrap_or(filter.len());
    let prefix = filter.get(..end).unwrap_or(filter);
    if filter.get(end..) == Some("#") { prefix.strip_suffix('/').unwrap_or(prefix) } else { prefix }
}

/// Filters as a tree of levels. `K` is who subscribes, `V` how.
#[derive(Debug)]
pub struct FilterTree<K, V> {
    root: Node<K, V>,
    len: usize,
}

#[derive(Debug)]
struct Node<K, V> {
    /// Filters that end here.
    here: Vec<(K, V)>,
    /// Filters whose `#` comes next; it stands for this level too.
    below: Vec<(K, V)>,
    /// The level `+`.
    any: Option<Box<Self>>,
    /// Boxed, so that a small table stays small.
    named: HashMap<Box<str>, Box<Self>>,
}

impl<K: Copy + Eq, V: Copy> Default for FilterTree<K, V> {
    fn default() -> Self {
        Self { root: Node::new(), len: 0 }
    }
}

impl<K: Copy + Eq, V: Copy> FilterTree<K, V> {
    /// Adds or replaces the subscription of `key` to a checked filter.
    pub fn insert(&mut self, filter: &str, key: K, value: V) {
        let list = self.root.list_mut(filter.split('/'));
        if let Some((_, old)) = list.iter_mut().find(|(k, _)| *k == key) {
            *old = value;
        } else {
            list.push((key, value));
            self.len += 1;
        }
    }

    /// Removes the subscription of `key` to `filter`; false when there was none.
    pub fn remove(&mut self, filter: &str, key: K) -> bool {
        let removed = self.root.remove(filter.split('/'), key);
        self.len -= usize::from(removed);
        removed
    }

    /// Calls `found` for every subscription whose filter matches the topic; more than once for a key with several.
    pub fn find(&self, topic: &str, mut found: impl FnMut(K, V)) {
        self.root.find(topic.split('/'), topic.starts_with('$'), &mut found);
    }

    /// How many subscriptions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no subscription.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<K: Copy + Eq, V: Copy> Node<K, V> {
    fn new() -> Self {
        Self { here: Vec::new(), below: Vec::new(), any: None, named: HashMap::new() }
    }

    fn is_empty(&self) -> bool {
        self.here.is_empty() && self.below.is_empty() && self.any.is_none() && self.named.is_empty()
    }

    fn list_mut(&mut self, mut levels: Split<'_, char>) -> &mut Vec<(K, V)> {
        match levels.next() {
            None => &mut self.here,
            Some("#") => &mut self.below,
            Some("+") => self.any.get_or_insert_with(|| Box::new(Self::new())).list_mut(levels),
            Some(level) => self.named.entry(level.into()).or_insert_with(|| Box::new(Self::new())).list_mut(levels),
        }
    }

    fn remove(&mut self, mut levels: Split<'_, char>, key: K) -> bool {
        match levels.next() {
            None => take(&mut self.here, key),
            Some("#") => take(&mut self.below, key),
            Some("+") => {
                let Some(child) = &mut self.any else { return false };
                let removed = child.remove(levels, key);
                if child.is_empty() {
                    self.any = None;
                }
                removed
            }
            Some(level) => {
                let Some(child) = self.named.get_mut(level) else { return false };
                let removed = child.remove(levels, key);
                if child.is_empty() {
                    self.named.remove(level);
                }
                removed
            }
        }
    }

    /// `reserved`: this is the first level of a topic that begins with `$`, which no wildcard stands for.
    fn find(&self, mut levels: Split<'_, char>, reserved: bool, found: &mut impl FnMut(K, V)) {
        if !reserved {
            self.below.iter().for_each(|(key, value)| found(*key, *value));
        }
        let Some(level) = levels.next() else {
            self.here.iter().for_each(|(key, value)| found(*key, *value));
            return;
        };
        if let Some(child) = self.named.get(level) {
            child.find(levels.clone(), false, found);
        }
        if let Some(child) = self.any.as_ref().filter(|_| !reserved) {
            child.find(levels, false, found);
        }
    }
}

fn take<K: Copy + Eq, V>(list: &mut Vec<(K, V)>, key: K) -> bool {
    let Some(at) = list.iter().position(|(k, _)| *k == key) else { return false };
    list.swap_remove(at);
    if list.is_empty() {
        *list = Vec::new();
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        for (filter, topic, expected) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/#", "sport", true),
            ("#", "sport/tennis", true),
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("#", "$SYS/uptime", false),
            ("+/monitor/Clients", "$SYS/monitor/Clients", false),
            ("$SYS/#", "$SYS/monitor/Clients", true),
            ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
            ("ü/+", "ü/ö", true),
        ] {
            assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
            let mut tree = FilterTree::default();
            tree.insert(filter, 1, ());
            let mut found = 0;
            tree.find(topic, |_, ()| found += 1);
            assert_eq!(found == 1, expected, "tree: {filter} {topic}");
        }
    }

    #[test]
    fn names_and_filters_are_checked() {
        for good in ["a", "/", "a//b", "$SYS/x", "ü"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
            assert_eq!(check_filter(good), Ok(()), "{good}");
        }
        for good in ["#", "+", "a/#", "+/a/+", "/#"] {
            assert_eq!(check_filter(good), Ok(()), "{good}");
            assert_eq!(check_name(good), Err(BadTopic::Wildcard), "{good}");
        }
        for bad in ["a#", "#/a", "a+", "a/+b", "a/#/b", "##"] {
            assert_eq!(check_filter(bad), Err(BadTopic::Wildcard), "{bad}");
        }
        assert_eq!(check_name(""), Err(BadTopic::Empty));
        assert_eq!(check_filter("a\0"), Err(BadTopic::Nul));
        assert_eq!(check_name(&"/".repeat(MAX_LEVELS)), Err(BadTopic::TooLong));
        assert_eq!(check_filter(&"x".repeat(MAX_TOPIC + 1)), Err(BadTopic::TooLong));
        assert_eq!(check_name(&"/".repeat(MAX_LEVELS - 1)), Ok(()));
    }

    #[test]
    fn a_filter_s_literal_part_covers_what_it_matches() {
        for (filter, prefix) in [("a/b", "a/b"), ("a/+/b", "a/"), ("a/#", "a"), ("#", ""), ("+", ""), ("a/b+", "a/b")] {
            assert_eq!(literal_prefix(filter), prefix, "{filter}");
        }
    }

    fn level() -> impl Strategy<Value = String> {
        prop_oneof![Just("a"), Just("b"), Just(""), Just("ü"), Just("$s")].prop_map(str::to_owned)
    }

    fn topic() -> impl Strategy<Value = String> {
        prop::collection::vec(level(), 1..5).prop_map(|levels| levels.join("/")).prop_filter("empty", |t| !t.is_empty())
    }

    fn filter() -> impl Strategy<Value = String> {
        let level = prop_oneof![3 => level(), 1 => Just("+".to_owned())];
        (prop::collection::vec(level, 1..5), any::<bool>())
            .prop_map(|(mut levels, all)| {
                if all {
                    levels.push("#".to_owned());
                }
                levels.join("/")
            })
            .prop_filter("empty", |f| !f.is_empty())
    }

    proptest! {
        #[test]
        fn the_tree_finds_what_the_rule_says(
            filters in prop::collection::vec((filter(), 0..6u8), 0..24),
            removed in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
            topics in prop::collection::vec(topic(), 1..12),
        ) {
            let mut tree = FilterTree::default();
            let mut plain = std::collections::BTreeSet::new();
            for (filter, key) in &filters {
                tree.insert(filter, *key, ());
                plain.insert((filter.clone(), *key));
            }
            for index in removed.iter().filter(|_| !filters.is_empty()) {
                let (filter, key) = index.get(&filters);
                prop_assert_eq!(tree.remove(filter, *key), plain.remove(&(filter.clone(), *key)));
            }
            prop_assert_eq!(tree.len(), plain.len());
            for topic in &topics {
                let mut found = Vec::new();
                tree.find(topic, |key, ()| found.push(key));
                let mut expected: Vec<u8> =
                    plain.iter().filter(|(filter, _)| matches(filter, topic)).map(|(_, key)| *key).collect();
                found.sort_unstable();
                expected.sort_unstable();
                prop_assert_eq!(&found, &expected, "{}", topic);
                for (filter, _) in plain.iter().filter(|(filter, _)| matches(filter, topic)) {
                    prop_assert!(topic.starts_with(literal_prefix(filter)));
                }
            }
            for (filter, key) in plain {
                tree.remove(&filter, key);
            }
            prop_assert!(tree.is_empty() && tree.root.is_empty(), "no empty node is left behind");
        }

        #[test]
        fn no_text_upsets_the_rules(filter in ".{0,40}", topic in ".{0,40}") {
            let _ = (check_filter(&filter), check_name(&topic), matches(&filter, &topic), literal_prefix(&filter));
        }
    }
}
