//! Rules, ready to match: those that are shipped, and those of a repository over them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aho_corasick::{AhoCorasick, BuildError};
use ast_grep_config::{GlobalRules, RuleConfig, SerializableRuleConfig, Severity};
use ast_grep_core::Matcher;
use ast_grep_language::SupportLang;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use patchwork_core::failure::{Failure, nearest};
use patchwork_core::step::StepError;
use patchwork_repo::language::Language;

use super::literals::Literal;
use super::own::OwnFile;
use super::rule_file::{self, Fault, FileGlob, Off, RuleFile, RuleSource};
use super::selection::Selection;
use crate::sarif::RuleText;

/// The shipped rule files: their path below `rules/` and their text.
pub(super) const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/rule_files.rs"));

/// A rule in one language.
pub(super) struct Rule {
    pub(super) config: RuleConfig<SupportLang>,
    /// Its place in [`Catalogue::texts`].
    pub(super) text: usize,
    /// What its fix does, in words.
    pub(super) fix: String,
    /// The file of a repository's own rule; none for those that are shipped.
    pub(super) own: Option<Arc<str>>,
    /// The files that it is for, and those that it is not for.
    files: Option<GlobSet>,
    ignores: Option<GlobSet>,
}

impl Rule {
    /// Whether it is for a file.
    pub(super) fn is_for(&self, path: &str) -> bool {
        self.ignores.as_ref().is_none_or(|globs| !globs.is_match(path))
            && self.files.as_ref().is_none_or(|globs| globs.is_match(path))
    }
}

/// A rule and the texts of which a file must hold one for it; none when nothing is known.
type WithLiterals = (Rule, Option<Vec<Literal>>);

/// The rules of a language.
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// For each kind of node the places of the rules that may match it.
    by_kind: Vec<Vec<usize>>,
    /// Finds the texts that rules need.
    texts: AhoCorasick,
    /// Each of these texts with the place of the rule that needs it.
    owners: Vec<(Literal, usize)>,
    /// The places of rules of which nothing is known.
    always: Vec<usize>,
}

/// The rules that may match in one file.
pub(super) struct Awake<'r> {
    rules: &'r Rules,
    awake: Vec<bool>,
}

impl<'r> Awake<'r> {
    /// The rules that may match a node of a kind.
    pub(super) fn for_kind(&self, kind: u16) -> impl Iterator<Item = &'r Rule> {
        let places = self.rules.by_kind.get(usize::from(kind)).map(Vec::as_slice).unwrap_or_default();
        let awake = places.iter().filter(|place| self.awake.get(**place).copied().unwrap_or_default());
        awake.filter_map(|place| self.rules.rules.get(*place))
    }
}

impl Rules {
    fn of(rules: Vec<WithLiterals>) -> Result<Self, BuildError> {
        let mut by_kind: Vec<Vec<usize>> = Vec::new();
        let (mut texts, mut owners, mut always) = (Vec::new(), Vec::new(), Vec::new());
        for (place, (rule, needed)) in rules.iter().enumerate() {
            // A rule without kinds is refused when it is compiled.
            for kind in rule.config.matcher.potential_kinds().iter().flatten() {
                if by_kind.len() <= kind {
                    by_kind.resize(kind + 1, Vec::new());
                }
                if let Some(places) = by_kind.get_mut(kind) {
                    places.push(place);
                }
            }
            match needed {
                Some(needed) => {
                    owners.extend(needed.iter().map(|literal| (literal.clone(), place)));
                    texts.extend(needed.iter().map(|literal| &literal.text));
                }
                None => always.push(place),
            }
        }
        let texts = AhoCorasick::new(texts)?;
        let rules = rules.into_iter().map(|(rule, _)| rule).collect();
        Ok(Self { rules, by_kind, texts, owners, always })
    }

    /// The rules that may match in a text; none when there is none.
    pub(super) fn awake(&self, text: &str) -> Option<Awake<'_>> {
        let mut awake = vec![false; self.rules.len()];
        let found = self.texts.find_overlapping_iter(text);
        let found = found.filter_map(|found| {
            let (literal, place) = self.owners.get(found.pattern().as_usize())?;
            literal.fits(text, found.start(), found.end()).then_some(place)
        });
        for place in self.always.iter().chain(found) {
            if let Some(awake) = awake.get_mut(*place) {
                *awake = true;
            }
        }
        awake.contains(&true).then_some(Awake { rules: self, awake })
    }
}

/// All rules, by language. Strict ones never stand beside those that scan: [`super::strict`] makes a catalogue of them
/// when a fix is judged.
pub(super) struct Catalogue {
    by_language: HashMap<Language, Rules>,
    texts: Vec<RuleText>,
}

impl Catalogue {
    /// The rules that are shipped.
    pub(super) fn shipped() -> Result<Arc<Self>, Failure> {
        static SHIPPED: OnceLock<Result<Arc<Catalogue>, Failure>> = OnceLock::new();
        let read = || {
            let files = shipped_files()?;
            Self::compile(files.iter().flat_map(|file| &file.rules))
                .map(Arc::new)
                .map_err(|faults| ours(&faults))
        };
        SHIPPED.get_or_init(read).clone()
    }

    /// The rules that are shipped and a repository's own, and what a user should know of them. Own rules take the place of
    /// shipped ones of the same id.
    pub(super) fn of(own: &[OwnFile], selection: &Selection) -> Result<(Arc<Self>, Vec<String>), StepError> {
        /// What was compiled last: a run scans many times with the same rules.
        type Last = (Vec<OwnFile>, Selection, Arc<Catalogue>, Vec<String>);
        static LAST: Mutex<Option<Last>> = Mutex::new(None);
        if own.is_empty() && selection.is_all() {
            return Ok((Self::shipped()?, Vec::new()));
        }
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((files, chosen, catalogue, notes)) = &*last
            && (files.as_slice(), chosen) == (own, selection)
        {
            return Ok((catalogue.clone(), notes.clone()));
        }
        let (catalogue, notes) = Self::build(own, selection)?;
        let catalogue = Arc::new(catalogue);
        *last = Some((own.to_vec(), selection.clone(), catalogue.clone(), notes.clone()));
        Ok((catalogue, notes))
    }

    fn build(own: &[OwnFile], selection: &Selection) -> Result<(Self, Vec<String>), StepError> {
        let shipped = shipped_files()?;
        let (own, mut faults) = read_own(own);
        let shipped_ids: HashSet<&str> = ids(shipped).collect();
        let mut homes: HashMap<&str, &RuleSource> = HashMap::new();
        for rule in own.iter().flat_map(|file| &file.rules) {
            let home = *homes.entry(rule.id()).or_insert(rule);
            if home.path != rule.path {
                let problem = format!("`{}` is a rule of {} already", rule.id(), home.path);
                faults.push(Fault { path: rule.path.clone(), line: rule.line, problem });
            }
        }
        let mut off: HashSet<&str> = HashSet::new();
        for Off { id, path, line } in own.iter().flat_map(|file| &file.off) {
            if shipped_ids.contains(id.as_str()) || homes.contains_key(id.as_str()) {
                off.insert(id);
            } else {
                let near = nearest(id, shipped_ids.iter().copied());
                let hint = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
                let problem = format!("there is no rule `{id}` to switch off{hint}");
                faults.push(Fault { path: path.clone(), line: *line, problem });
            }
        }
        let mut notes: Vec<String> = homes
            .iter()
            .filter(|(id, _)| shipped_ids.contains(*id) && !off.contains(*id))
            .map(|(id, rule)| format!("`{id}` of {} takes the place of the shipped rule", rule.path))
            .collect();
        notes.sort();
        let all = shipped.iter().flat_map(|file| &file.rules).filter(|rule| !homes.contains_key(rule.id()));
        let all = all.chain(own.iter().flat_map(|file| &file.rules)).filter(|rule| !off.contains(rule.id()));
        if let Err(more) = Self::compile(own.iter().flat_map(|file| &file.strict)) {
            faults.extend(more);
        }
        let known: Vec<&str> = shipped_ids.iter().copied().chain(homes.keys().copied()).collect();
        let wanted = selection.matcher(&known)?;
        match Self::compile(all.filter(|rule| wanted(rule.id()))) {
            Ok(catalogue) if faults.is_empty() => Ok((catalogue, notes)),
            Ok(_) => Err(theirs(&mut faults).into()),
            Err(more) => {
                faults.extend(more);
                Err(theirs(&mut faults).into())
            }
        }
    }

    /// Compiles rules; all faults are told at once.
    pub(super) fn compile<'r>(rules: impl Iterator<Item = &'r RuleSource>) -> Result<Self, Vec<Fault>> {
        let mut this = Self { by_language: HashMap::new(), texts: Vec::new() };
        let mut by_language: HashMap<Language, Vec<WithLiterals>> = HashMap::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut faults = Vec::new();
        for rule in rules {
            let text = *places.entry(rule.id()).or_insert_with(|| {
                this.texts.push(described(rule));
                this.texts.len() - 1
            });
            for language in dialects(rule.language) {
                match compiled(rule, language, text) {
                    Ok(compiled) => {
                        by_language.entry(language).or_default().push((compiled, rule.needed.clone()));
                    }
                    // What is built upon a language need not have all of it.
                    Err(_) if language != rule.language => {}
                    Err(fault) => faults.push(fault),
                }
            }
        }
        for (language, rules) in by_language {
            match Rules::of(rules) {
                Ok(rules) => {
                    this.by_language.insert(language, rules);
                }
                // Far above what the limits on files allow.
                Err(error) => {
                    faults.push(Fault { path: "rules".into(), line: 1, problem: error.to_string() })
                }
            }
        }
        if faults.is_empty() { Ok(this) } else { Err(faults) }
    }

    /// Whether there are rules for a file, by its name.
    pub(super) fn covers(&self, path: &str) -> bool {
        Language::of_path(path).is_some_and(|language| self.by_language.contains_key(&language))
    }

    /// The rules of a language.
    pub(super) fn rules(&self, language: Language) -> Option<&Rules> {
        self.by_language.get(&language)
    }

    /// The descriptions of all rules, each id once.
    pub(super) fn texts(&self) -> &[RuleText] {
        &self.texts
    }
}

/// The shipped files, read.
pub(super) fn shipped_files() -> Result<&'static [RuleFile], Failure> {
    static READ: OnceLock<Result<Vec<RuleFile>, Failure>> = OnceLock::new();
    let read = || {
        FILES
            .iter()
            .map(|(path, text)| rule_file::read(path, text, false).map_err(|faults| ours(&faults)))
            .collect()
    };
    READ.get_or_init(read).as_ref().map(Vec::as_slice).map_err(Clone::clone)
}

fn ids(files: &[RuleFile]) -> impl Iterator<Item = &str> {
    files.iter().flat_map(|file| &file.rules).map(RuleSource::id)
}

fn read_own(own: &[OwnFile]) -> (Vec<RuleFile>, Vec<Fault>) {
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for OwnFile { path, text } in own {
        match rule_file::read(path, text, true) {
            Ok(file) => files.push(file),
            Err(more) => faults.extend(more),
        }
    }
    (files, faults)
}

fn described(rule: &RuleSource) -> RuleText {
    let source = &rule.source;
    let summary = Some(&source.message).filter(|text| !text.trim().is_empty()).or(source.note.as_ref());
    RuleText {
        id: source.id.clone(),
        summary: summary.unwrap_or(&source.id).clone(),
        level: match source.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info | Severity::Hint | Severity::Off => "note",
        },
        score: rule.metadata.security_severity,
        cwe: rule.metadata.cwe.clone().into_list(),
        url: source.url.clone(),
    }
}

fn compiled(rule: &RuleSource, language: Language, text: usize) -> Result<Rule, Fault> {
    let mut source: SerializableRuleConfig<SupportLang> = rule.source.clone();
    source.language = language.support_lang();
    let files = glob_set(&rule.files).map_err(|error| rule.fault_in("files:", error.to_string()))?;
    let ignores = glob_set(&rule.ignores).map_err(|error| rule.fault_in("ignores:", error.to_string()))?;
    let config = RuleConfig::try_from(source, &GlobalRules::default()).map_err(|error| rule.fault(&error))?;
    let fix = rule.metadata.fix.clone().unwrap_or_default();
    Ok(Rule { config, text, fix, own: rule.own.then(|| rule.path.clone()), files, ignores })
}

/// None when nothing is said about files.
fn glob_set(globs: &[FileGlob]) -> Result<Option<GlobSet>, globset::Error> {
    if globs.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let (text, any_case) = glob.parts();
        set.add(
            GlobBuilder::new(text.strip_prefix("./").unwrap_or(text)).case_insensitive(any_case).build()?,
        );
    }
    set.build().map(Some)
}

/// The languages that a rule holds in: what is built upon a language keeps its syntax.
fn dialects(language: Language) -> Vec<Language> {
    use Language::{JavaScript, Tsx, TypeScript};
    match language {
        JavaScript => vec![JavaScript, TypeScript, Tsx],
        TypeScript => vec![TypeScript, Tsx],
        other => vec![other],
    }
}

/// A shipped rule that can't be read is our own fault.
pub(super) fn ours(faults: &[Fault]) -> Failure {
    let faults = faults.iter().map(ToString::to_string);
    faults.fold(Failure::internal("a built-in rule can't be read"), Failure::cause)
}

/// What is wrong with a repository's own rules.
fn theirs(faults: &mut [Fault]) -> Failure {
    faults.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    let failure = match faults {
        [fault] => Failure::configuration(fault.to_string()),
        faults => {
            let message = format!("the repository's own rules have {} faults", faults.len());
            faults.iter().map(ToString::to_string).fold(Failure::configuration(message), Failure::cause)
        }
    };
    failure.hint("a rule is a YAML file in ast-grep's format: https://ast-grep.github.io/reference/yaml.html")
}
