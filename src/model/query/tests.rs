//! The language: what it understands, and that it survives whatever is typed.

use proptest::prelude::*;

use super::*;

fn term(field: Field, op: Op, words: &[&str]) -> Query {
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    field.term(op, &words).unwrap()
}

#[test]
fn terms_are_read_as_a_person_means_them() {
    let read = |text: &str| Query::parse(text).unwrap();
    assert_eq!(
        read("type:android status:active,unreachable os<9 tag:lobby"),
        Query::All(vec![
            term(Field::Type, Op::Like, &["android"]),
            term(Field::Status, Op::Like, &["active", "unreachable"]),
            term(Field::Os, Op::Less, &["9"]),
            term(Field::Tag, Op::Like, &["lobby"]),
        ])
    );
    let word = |word: &str| Query::Word(word.to_owned());
    assert_eq!(read("a b or c"), Query::Any(vec![Query::All(vec![word("a"), word("b")]), word("c")]));
    assert_eq!(
        read("a (b OR c) -d"),
        Query::All(vec![word("a"), Query::Any(vec![word("b"), word("c")]), Query::Not(Box::new(word("d")))])
    );
    assert_eq!(read("not tag:x"), read("tag!=x"));
    assert_eq!(read("seen>1d"), read("seen > 86400s".replace(' ', "").as_str()));
    assert_eq!(read("prop.\"a b\":\"c \\\" d\""), term(Field::Property("a b".to_owned()), Op::Like, &["c \" d"]));
    assert_eq!(read("kitchen-pi"), word("kitchen-pi"));
    assert_eq!(read("\"type:x\""), word("type:x"));
    assert!(read("  ").is_empty());
}

#[test]
fn an_error_tells_its_place_and_what_was_expected() {
    for (text, at, part) in [
        ("type:android os<x", 15, "a version"),
        ("tpye:android", 0, "there is no field \"tpye\""),
        ("a (b c", 2, "not closed"),
        ("a b)", 3, "not opened"),
        ("ä \"b", 2, "quote is not closed"),
        ("status:gone", 6, "a status is created, active"),
        ("seen:1d", 4, "seen is compared by <"),
        ("seen<1", 4, "a time such as"),
        ("a or", 4, "a term is expected"),
        ("tag:", 4, "tag needs a value"),
        ("()", 1, "a term is expected"),
        ("prop.:x", 0, "a name of 1 to"),
        ("10.0.0.1:80", 0, "there is no field"),
    ] {
        let error = Query::parse(text).unwrap_err();
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.expected.contains(part), "{text}: {error}");
    }
}

#[test]
fn bounds_hold() {
    let deep = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Query::parse(&deep(MAX_DEPTH - 1)).is_ok());
    assert!(Query::parse(&deep(MAX_DEPTH)).unwrap_err().expected.contains("deep"));
    assert!(Query::parse(&"-".repeat(900)).is_err());
    assert!(Query::parse(&"a ".repeat(MAX_VALUES)).is_ok());
    assert!(Query::parse(&"a ".repeat(MAX_VALUES + 1)).unwrap_err().expected.contains("values"));
    assert!(Query::parse(&"é".repeat(MAX_LENGTH)).unwrap_err().expected.contains("bytes"));
}

#[test]
fn versions_are_sorted_by_their_numbers() {
    let sorted = ["0", "4.4", "8.1", "8.1.1", "9", "10", "10.0.1", "11-rc1", "12"];
    for pair in sorted.windows(2) {
        assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
    }
    assert_eq!(version("10"), version("10.0.0"));
    assert_eq!(version("bookworm"), None);
}

fn text() -> impl Strategy<Value = String> + Clone {
    prop_oneof!["[a-z]{1,6}", "or|and|NOT|-x|a,b|a:b", "[^\\x00]{1,6}"]
}

fn leaf() -> impl Strategy<Value = Query> {
    let texts = proptest::collection::vec(text(), 1..3);
    let exact = prop_oneof![Just(Field::Type), Just(Field::Tag), Just(Field::App), Just(Field::Name)];
    let named =
        text().prop_flat_map(|name| prop_oneof![Just(Field::Property(name.clone())), Just(Field::Metric(name))]);
    let order = prop_oneof![Just(Op::Less), Just(Op::AtMost), Just(Op::More), Just(Op::AtLeast)];
    prop_oneof![
        text().prop_map(Query::Word),
        (exact, texts.clone()).prop_map(|(field, words)| field.term(Op::Is, &words).unwrap()),
        (named, texts).prop_map(|(field, words)| field.term(Op::Like, &words).unwrap()),
        (order.clone(), 0_u64..10_000_000).prop_map(|(op, age)| Field::Seen.term(op, &[format!("{age}s")]).unwrap()),
        (order, -1e6_f64..1e6).prop_map(|(op, number)| Field::Battery.term(op, &[number.to_string()]).unwrap()),
        proptest::sample::select(DeviceStatus::ALL.to_vec())
            .prop_map(|status| Field::Status.term(Op::Like, &[status.name().to_owned()]).unwrap()),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    leaf().prop_recursive(4, 20, 3, |inner| {
        let some = proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            some.clone().prop_map(Query::all),
            some.prop_map(Query::any),
            inner.prop_map(|part| Query::Not(Box::new(part))),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_a_query_or_an_error_within_it(text in prop_oneof![
        ".{0,60}",
        "([a-z]{0,4}|type|os|seen|prop\\.|-|not|or|and|[:=<>!]{1,2}|[()\", ]|[0-9]{1,3}[dhm]?){0,20}",
    ]) {
        match Query::parse(&text) {
            Ok(query) => prop_assert_eq!(Query::parse(&query.to_string()), Ok(query)),
            Err(error) => prop_assert!(error.at <= text.chars().count()),
        }
    }

    #[test]
    fn a_query_reads_back_as_it_was_written(query in query()) {
        let text = query.to_string();
        prop_assume!(text.len() <= MAX_LENGTH);
        prop_assert_eq!(Query::parse(&text), Ok(query), "{}", text);
    }
}
