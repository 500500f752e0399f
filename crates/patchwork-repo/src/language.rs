//! The programming languages whose syntax is understood.

use std::path::Path;

use ast_grep_language::{LanguageExt, SupportLang};
use serde::{Deserialize, Serialize};

/// A programming language with a grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Python.
    Python,
    /// JavaScript, JSX too.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// Java.
    Java,
    /// Kotlin.
    Kotlin,
    /// Go.
    Go,
    /// Rust.
    Rust,
    /// C.
    C,
    /// C++.
    Cpp,
    /// C#.
    CSharp,
    /// PHP, with HTML around it or not.
    Php,
    /// Ruby.
    Ruby,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 13] = [
        Self::Python,
        Self::JavaScript,
        Self::TypeScript,
        Self::Tsx,
        Self::Java,
        Self::Kotlin,
        Self::Go,
        Self::Rust,
        Self::C,
        Self::Cpp,
        Self::CSharp,
        Self::Php,
        Self::Ruby,
    ];

    /// By the name of a file. A `.h` file is C here; see [`crate::excerpt::SourceFile`] for C++ headers of
    /// that name.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = Path::new(path).file_name()?.to_str()?;
        let known = match name {
            "Rakefile" | "Gemfile" | "Guardfile" | "Vagrantfile" | "Podfile" | "Capfile" => Some(Self::Ruby),
            "SConstruct" | "SConscript" | "wscript" => Some(Self::Python),
            _ => None,
        };
        known.or_else(|| Self::of_extension(Path::new(name).extension()?.to_str()?))
    }

    /// By the name of a file, else by its first line (`#!/usr/bin/env python3`).
    pub fn detect(path: &str, text: &str) -> Option<Self> {
        Self::of_path(path).or_else(|| Self::of_shebang(text.lines().next()?))
    }

    /// By what people call it: its name, the word behind a code fence, the ending of its files; in any case.
    pub fn of_word(word: &str) -> Option<Self> {
        let named = |language: &Self| {
            [language.name(), language.fence()].iter().any(|n| n.eq_ignore_ascii_case(word))
        };
        Self::ALL.into_iter().find(named).or_else(|| Self::of_extension(word))
    }

    fn of_extension(extension: &str) -> Option<Self> {
        // In C++ land `.C` and `.H` differ from `.c` and `.h`.
        if matches!(extension, "C" | "H") {
            return Some(Self::Cpp);
        }
        Some(match extension.to_ascii_lowercase().as_str() {
            "py" | "pyi" | "pyw" | "py3" => Self::Python,
            "js" | "mjs" | "cjs" | "jsx" => Self::JavaScript,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "java" => Self::Java,
            "kt" | "kts" => Self::Kotlin,
            "go" => Self::Go,
            "rs" => Self::Rust,
            "c" | "h" => Self::C,
            "cc" | "cp" | "cpp" | "cxx" | "c++" | "hh" | "hpp" | "hxx" | "h++" | "ii" | "ipp" | "ixx"
            | "tcc" | "tpp" | "inl" | "cu" | "cuh" | "ino" | "cppm" => Self::Cpp,
            "cs" | "csx" => Self::CSharp,
            "php" | "phtml" | "php3" | "php4" | "php5" | "php7" | "php8" | "phps" => Self::Php,
            "rb" | "rbw" | "rake" | "gemspec" | "ru" => Self::Ruby,
            _ => return None,
        })
    }

    fn of_shebang(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("#!")?.split_whitespace();
        let mut program = words.next()?.rsplit('/').next()?;
        if program == "env" {
            program = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
        }
        let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        Some(match program {
            "python" | "pypy" => Self::Python,
            "node" | "nodejs" => Self::JavaScript,
            "deno" | "bun" | "ts-node" | "tsx" => Self::TypeScript,
            "php" => Self::Php,
            "ruby" | "jruby" => Self::Ruby,
            "kotlin" => Self::Kotlin,
            _ => return None,
        })
    }

    /// The name as people write it (`C++`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
            Self::Tsx => "TSX",
            Self::Java => "Java",
            Self::Kotlin => "Kotlin",
            Self::Go => "Go",
            Self::Rust => "Rust",
            Self::C => "C",
            Self::Cpp => "C++",
            Self::CSharp => "C#",
            Self::Php => "PHP",
            Self::Ruby => "Ruby",
        }
    }

    /// The word behind a Markdown code fence (```` ```cpp ````).
    pub fn fence(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::Tsx => "tsx",
            Self::Java => "java",
            Self::Kotlin => "kotlin",
            Self::Go => "go",
            Self::Rust => "rust",
            Self::C => "c",
            Self::Cpp => "cpp",
            Self::CSharp => "csharp",
            Self::Php => "php",
            Self::Ruby => "ruby",
        }
    }

    /// The same language for ast-grep rules.
    pub fn support_lang(self) -> SupportLang {
        match self {
            Self::Python => SupportLang::Python,
            Self::JavaScript => SupportLang::JavaScript,
            Self::TypeScript => SupportLang::TypeScript,
            Self::Tsx => SupportLang::Tsx,
            Self::Java => SupportLang::Java,
            Self::Kotlin => SupportLang::Kotlin,
            Self::Go => SupportLang::Go,
            Self::Rust => SupportLang::Rust,
            Self::C => SupportLang::C,
            Self::Cpp => SupportLang::Cpp,
            Self::CSharp => SupportLang::CSharp,
            Self::Php => SupportLang::Php,
            Self::Ruby => SupportLang::Ruby,
        }
    }

    /// The language of ast-grep rules; none for those that there is no grammar of here.
    pub fn of_support_lang(language: SupportLang) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.support_lang() == language)
    }

    /// The grammar.
    pub(crate) fn grammar(self) -> tree_sitter::Language {
        match self {
            // ast-grep's PHP is the dialect without HTML around it, which can't read a template.
            Self::Php => tree_sitter_php::LANGUAGE_PHP.into(),
            other => other.support_lang().get_ts_language(),
        }
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_by_file_name() {
        for (path, language) in [
            ("a/b.py", Some(Language::Python)),
            ("b.cjs", Some(Language::JavaScript)),
            ("B.JSX", Some(Language::JavaScript)),
            ("x.mts", Some(Language::TypeScript)),
            ("x.tsx", Some(Language::Tsx)),
            ("X.java", Some(Language::Java)),
            ("build.gradle.kts", Some(Language::Kotlin)),
            ("x.go", Some(Language::Go)),
            ("x.rs", Some(Language::Rust)),
            ("x.h", Some(Language::C)),
            ("x.H", Some(Language::Cpp)),
            ("x.hpp", Some(Language::Cpp)),
            ("x.cs", Some(Language::CSharp)),
            ("x.phtml", Some(Language::Php)),
            ("sub/Rakefile", Some(Language::Ruby)),
            ("x.pkt", None),
            ("py", None),
            ("", None),
            ("x.vue", None),
        ] {
            assert_eq!(Language::of_path(path), language, "{path}");
        }
    }

    #[test]
    fn known_by_what_people_call_it() {
        for (word, language) in [
            ("C++", Some(Language::Cpp)),
            ("csharp", Some(Language::CSharp)),
            ("Python", Some(Language::Python)),
            ("ts", Some(Language::TypeScript)),
            ("text", None),
            ("", None),
        ] {
            assert_eq!(Language::of_word(word), language, "{word}");
        }
    }

    #[test]
    fn a_script_without_extension_is_known_by_its_first_line() {
        assert_eq!(Language::detect("bin/x", "#!/usr/bin/env -S python3.12 -u\nx\n"), Some(Language::Python));
        assert_eq!(Language::detect("bin/x", "#!/usr/bin/ruby\n"), Some(Language::Ruby));
        assert_eq!(Language::detect("bin/x", "#!/bin/sh\n"), None);
        assert_eq!(Language::detect("bin/x", ""), None);
    }
}
