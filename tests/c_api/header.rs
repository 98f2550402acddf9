//! The header: it is generated, compiles everywhere, and documents everything.

use super::generator::{enums, generate};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::compile::{ROOT, STRICT, header, run, scratch};

fn header_path() -> PathBuf {
    Path::new(ROOT).join("include/fbchat.h")
}

#[test]
fn header_is_what_the_source_says() {
    let made = generate();
    if std::env::var_os("FBCHAT_UPDATE_HEADER").is_some() {
        std::fs::write(header_path(), &made).expect("include/fbchat.h can be written");
    }
    assert!(
        made == header(),
        "include/fbchat.h is not what src/ffi says; update it with\n    \
         FBCHAT_UPDATE_HEADER=1 cargo test --test c_api header_is_what_the_source_says"
    );
}

#[test]
fn header_compiles_everywhere_without_a_warning() {
    let include = Path::new(ROOT).join("include");
    for (compiler, language, standard) in [
        ("cc", "c", "c99"),
        ("cc", "c", "c11"),
        ("cc", "c", "c2x"),
        ("c++", "c++", "c++11"),
        ("c++", "c++", "c++20"),
        ("cc", "objective-c", "c99"),
        ("clang", "objective-c", "c11"),
        // These two also read the documentation.
        ("clang", "c", "c99"),
        ("clang++", "c++", "c++20"),
    ] {
        let source = scratch("header").join(format!("{compiler}-{language}-{standard}.txt"));
        std::fs::write(
            &source,
            "#include <fbchat.h>\n#include <fbchat.h>\nint nothing_else;\n",
        )
        .expect("writable");
        let mut compile = Command::new(compiler);
        compile.args(STRICT).arg(format!("-std={standard}"));
        if compiler.starts_with("clang") {
            compile.args(["-Wdocumentation", "-Wdocumentation-pedantic"]);
        }
        compile.args(["-x", language, "-fsyntax-only", "-I"]);
        run(compile.arg(&include).arg(&source));
    }
}

/// The program at the header's top compiles.
#[test]
fn first_steps_in_the_header_compile() {
    let header = header();
    let (_, shown) = header
        .split_once(" *     #include <fbchat.h>\n")
        .expect("first steps");
    let shown: Vec<_> = shown
        .lines()
        .map_while(|line| {
            line.strip_prefix(" *     ")
                .or((line == " *").then_some(""))
        })
        .collect();
    let source = scratch("header").join("first_steps.c");
    let program = format!(
        "#include <fbchat.h>\n#include <stdio.h>\n\
         int main(int argc, char **argv)\n{{\nconst char *password = argv[argc - 1];\n{}\nreturn 0;\n}}\n",
        shown.join("\n")
    );
    assert!(program.contains("fbchat_client_free(client)"), "{program}");
    std::fs::write(&source, program).expect("writable");
    let include = Path::new(ROOT).join("include");
    let mut compile = Command::new("cc");
    compile
        .args(STRICT)
        .args(["-std=c99", "-fsyntax-only", "-I"]);
    run(compile.arg(include).arg(&source));
}

/// The functions that the header declares.
pub fn declared() -> BTreeSet<String> {
    let header = header();
    let lines = header
        .lines()
        .filter(|line| !line.starts_with([' ', '/', '#', '*']));
    let names = lines.filter_map(|line| {
        let (before, _) = line.split_once('(')?;
        let name = before.rsplit([' ', '*']).next()?;
        name.starts_with("fbchat_").then(|| name.to_owned())
    });
    names.collect()
}

/// A function of the header: its comment without the stars, and its declaration.
fn documented(header: &str, name: &str) -> (String, String) {
    let (before, after) = header
        .match_indices(&format!("{name}("))
        .map(|(place, _)| header.split_at(place))
        // Comments name functions as well.
        .find(|(before, _)| {
            let line = before.rsplit('\n').next().unwrap_or_default();
            !line.starts_with(' ')
        })
        .unwrap_or_else(|| panic!("{name} is not declared"));
    let (comment, result) = before
        .rsplit_once("*/\n")
        .unwrap_or_else(|| panic!("{name} has no comment"));
    let (_, comment) = comment
        .rsplit_once("/**")
        .expect("a comment has a beginning");
    let lines = comment
        .lines()
        .map(|line| line.trim_start_matches([' ', '*']));
    let (arguments, _) = after.split_once(");").expect("a declaration has an end");
    (
        lines.collect::<Vec<_>>().join("\n"),
        format!("{result}{arguments}"),
    )
}

/// The parameters' names, from a declaration without its closing parenthesis.
fn parameters(declaration: &str) -> Vec<&str> {
    let (_, list) = declaration.split_once('(').expect("a function");
    let names = list
        .split(',')
        .filter_map(|one| one.rsplit([' ', '*']).next());
    names.filter(|name| *name != "void").collect()
}

#[test]
fn every_function_is_documented_in_full() {
    let header = header();
    for name in declared() {
        let (comment, declaration) = documented(&header, &name);
        let mut parts: Vec<_> = parameters(&declaration)
            .iter()
            .map(|parameter| format!("\n@param {parameter} "))
            .collect();
        let returns = !declaration.starts_with(&format!("void {name}("));
        if returns {
            parts.push("\n@return ".to_owned());
        }
        let mut rest = &*comment;
        for part in parts {
            let (before, after) = rest
                .split_once(&part)
                .unwrap_or_else(|| panic!("{name}: {:?} is missing or out of order", part.trim()));
            assert!(!before.trim().is_empty(), "{name}: nothing before {part:?}");
            rest = after;
        }
        assert!(!rest.trim().is_empty(), "{name}: it ends too early");
        // What holds for all is said once, at the header's top.
        for word in ["Ownership:", "Threads:", "Since: 0.1"] {
            assert!(!comment.contains(word), "{name}: {word}");
        }

        let (first, _) = comment.trim().split_once("\n\n").expect("parts");
        assert!(
            first.ends_with('.'),
            "{name}: its first sentence has no end"
        );
        let count = |tag: &str| comment.matches(tag).count();
        assert_eq!(
            count("@param "),
            parameters(&declaration).len(),
            "{name}: a parameter too many"
        );
        assert_eq!(count("@return "), usize::from(returns), "{name}");
        if declaration.starts_with("fbchat_status ") && name != "fbchat_event_status" {
            let (_, returns) = comment.split_once("@return ").expect("seen above");
            assert!(returns.starts_with("FBCHAT_OK"), "{name}: {returns}");
        }
    }
}

#[test]
fn table_of_contents_lists_every_function() {
    let header = header();
    let (_, contents) = header.split_once(" * Contents\n").expect("contents");
    let (contents, _) = contents.split_once(" * A first program").expect("an end");
    let listed: BTreeSet<_> = contents.split_ascii_whitespace().collect();
    for name in declared() {
        assert!(listed.contains(&*name), "{name} is not in the contents");
    }
}

#[test]
fn constants_are_unique() {
    let mut names = BTreeSet::new();
    for each in enums() {
        let mut numbers = BTreeSet::new();
        for value in each.values {
            assert!(names.insert(value.name), "{} is there twice", value.name);
            assert!(numbers.insert(value.number), "{} is taken", value.name);
        }
    }
}

/// Comments must not name what does not exist.
#[test]
fn comments_name_only_what_exists() {
    let header = header();
    let defined: BTreeSet<_> = header
        .lines()
        .filter_map(|line| {
            let enumerator = line
                .strip_prefix("    ")
                .filter(|line| line.contains(" = "));
            let constant = line.strip_prefix("#define ").or(enumerator)?;
            constant.split(' ').next()
        })
        .collect();
    let functions = declared();
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    for word in header.split(|character| !is_word(character)) {
        // Not families like FBCHAT_LOG_.
        if word.ends_with('_') || word == "FBCHAT_ERR_UNKNOWN" || word == "FBCHAT_H" {
            continue;
        }
        if word.starts_with("FBCHAT_") {
            assert!(
                defined.contains(word),
                "the header names {word}, which is not in it"
            );
        } else if word.starts_with("fbchat_") {
            let function = functions.contains(word);
            let is_type = [
                format!(" {word};"),
                format!("(*{word})"),
                format!("enum {word} {{"),
            ]
            .iter()
            .any(|declaration| header.contains(declaration));
            assert!(
                function || is_type,
                "the header names {word}, which is not in it"
            );
        }
    }
}
