use super::*;

const ID: &str = "0190a5c3-7e21-8000-8000-00000000002a";

/// 1997-07-12T10:35:23.456Z: the instant of BizTalk's own documentation.
fn now() -> Timestamp {
    "1997-07-12T10:35:23.456Z".parse().unwrap()
}

fn name_in(zone: &str, template: &str, properties: &[(&str, &str)]) -> Result<String, NameError> {
    let property = |name: &str| {
        let found = properties.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let facts = Facts {
        message_id: ID,
        now: now(),
        time_zone: &crate::settings::time_zone(zone).expect(zone),
        property: &property,
    };
    Template::parse(template).unwrap().name(&facts)
}

fn name(template: &str, properties: &[(&str, &str)]) -> Result<String, NameError> {
    name_in("UTC", template, properties)
}

#[test]
fn every_macro_has_its_documented_value() {
    let parties = [
        ("source-file-name", r"C:\Drop\Müller.xml"),
        ("source-party", "Lindgren AB"),
        ("source-party-id", "7"),
        ("source-party-qualifier", "ZZ"),
        ("destination-party", "Bäckerei Groß"),
        ("destination-party-id", "8"),
        ("destination-party-qualifier", "14"),
    ];
    let table = [
        (
            "%MessageID%.xml",
            "0190a5c3-7e21-8000-8000-00000000002a.xml",
        ),
        ("%datetime%", "1997-07-12T103523"),
        ("%datetime_bts2000%", "199707121035234"),
        ("%datetime.tz%", "1997-07-12T183523+0800"),
        ("%time%", "103523"),
        ("%time.tz%", "183523+0800"),
        ("%SourceFileName%", "Müller.xml"),
        (
            "%SourceParty%_%SourcePartyID%_%SourcePartyQualifier%",
            "Lindgren AB_7_ZZ",
        ),
        ("%DestinationParty%", "Bäckerei Groß"),
        ("%DestinationPartyID%-%DestinationPartyQualifier%", "8-14"),
        ("100%% %time%", "100% 103523"),
        ("plain.txt", "plain.txt"),
    ];
    for (template, expected) in table {
        let made = name_in("Asia/Singapore", template, &parties);
        assert_eq!(made.as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn a_zone_has_its_offset_of_the_day() {
    let summer = name_in("Europe/Berlin", "%time.tz%", &[]);
    assert_eq!(summer.as_deref(), Ok("123523+0200"));
    assert_eq!(name("%time.tz%", &[]).as_deref(), Ok("103523+0000"));
}

#[test]
fn the_source_file_name_loses_its_path_whichever_system_wrote_it() {
    for path in ["a.xml", "/in/a.xml", r"\\server\in\a.xml", "../../a.xml"] {
        let made = name("%SourceFileName%", &[("source-file-name", path)]);
        assert_eq!(made.as_deref(), Ok("a.xml"), "{path}");
    }
}

#[test]
fn a_macro_without_a_value_names_itself_and_its_property() {
    let no_value = NameError::NoValue {
        name: "DestinationParty",
        property: "destination-party",
    };
    assert_eq!(name("%DestinationParty%", &[]), Err(no_value));
    for empty in ["", "in/", r"C:\"] {
        let made = name("%SourceFileName%", &[("source-file-name", empty)]);
        assert!(matches!(made, Err(NameError::NoValue { .. })), "{empty:?}");
    }
}

#[test]
fn no_value_leaves_the_directory() {
    for value in ["../evil", "a/b", r"a\b", "a\0b", "a\nb", "/etc/passwd"] {
        let made = name("x%SourceParty%", &[("source-party", value)]);
        let error = made.expect_err(value);
        assert!(matches!(error, NameError::BadValue { .. }), "{error}");
        assert!(error.to_string().contains("`source-party`"), "{error}");
    }
    for dots in [".", ".."] {
        let made = name("%SourceParty%", &[("source-party", dots)]);
        assert_eq!(made, Err(NameError::Dots(dots.to_owned())));
    }
    let made = name(".%SourceParty%", &[("source-party", ".")]);
    assert_eq!(made, Err(NameError::Dots("..".to_owned())));
}

#[test]
fn a_name_has_at_most_255_bytes() {
    let fits = "ä".repeat(127);
    assert!(name("%SourceParty%", &[("source-party", &fits)]).is_ok());
    let long = "ä".repeat(128);
    let made = name("%SourceParty%", &[("source-party", &long)]);
    assert!(matches!(made, Err(NameError::TooLong(256, _))), "{made:?}");
}

#[test]
fn a_template_that_makes_no_name_is_refused() {
    for text in ["", ".", "..", "out/%MessageID%", r"out\x", "a\0"] {
        let error = Template::parse(text).expect_err(text);
        assert!(matches!(error, TemplateError::NoName(_)), "{error}");
    }
    assert!(matches!(
        Template::parse("50%"),
        Err(TemplateError::Unpaired(_))
    ));
    let error = Template::parse("%MessageId%").expect_err("BizTalk's macros are case-sensitive");
    assert!(error.to_string().contains("`%MessageId%`"), "{error}");
    assert!(error.to_string().contains("%MessageID%"), "{error}");
}

#[test]
fn only_an_id_without_a_time_names_the_message() {
    let table = [
        ("%MessageID%", true),
        ("%MessageID%-%SourceFileName%", true),
        ("%MessageID%-%datetime%", false),
        ("%SourceFileName%", false),
        ("%datetime_bts2000%", false),
    ];
    for (text, expected) in table {
        let template = Template::parse(text).unwrap();
        assert_eq!(template.names_the_message(), expected, "{text}");
        assert_eq!(template.to_string(), text);
    }
}
