//! What the nodes of each grammar are: functions, classes, blocks.

use crate::language::Language;

/// The kinds of nodes of one grammar.
pub(super) struct Kinds {
    /// Functions that have a name, and what is like them (constructors, accessors, macros).
    pub(super) functions: &'static [&'static str],
    /// Functions without a name of their own: lambdas, closures, callbacks.
    pub(super) anonymous: &'static [&'static str],
    /// What gives the anonymous function below it a name.
    pub(super) naming: &'static [&'static str],
    /// Classes, and what is like them (interfaces, structures, enumerations, implementations).
    pub(super) classes: &'static [&'static str],
    /// What stands around a definition and belongs to it.
    pub(super) wrappers: &'static [&'static str],
    /// Attributes that are siblings before what they belong to.
    pub(super) attributes: &'static [&'static str],
    /// Parts of a function that make sense alone.
    pub(super) blocks: &'static [&'static str],
    /// Nodes whose children are statements or members.
    pub(super) bodies: &'static [&'static str],
}

impl Kinds {
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::Python => &PYTHON,
            Language::JavaScript | Language::TypeScript | Language::Tsx => &JAVASCRIPT,
            Language::Java => &JAVA,
            Language::Kotlin => &KOTLIN,
            Language::Go => &GO,
            Language::Rust => &RUST,
            Language::C | Language::Cpp => &C,
            Language::CSharp => &C_SHARP,
            Language::Php => &PHP,
            Language::Ruby => &RUBY,
        }
    }
}

const PYTHON: Kinds = Kinds {
    functions: &["function_definition"],
    anonymous: &[],
    naming: &[],
    classes: &["class_definition"],
    wrappers: &["decorated_definition"],
    attributes: &[],
    blocks: &[
        "if_statement", "elif_clause", "else_clause", "for_statement", "while_statement", "try_statement",
        "except_clause", "finally_clause", "with_statement", "match_statement", "case_clause",
    ],
    bodies: &["module", "block"],
};

/// TypeScript and TSX are JavaScript with more kinds.
const JAVASCRIPT: Kinds = Kinds {
    functions: &["function_declaration", "generator_function_declaration", "method_definition"],
    anonymous: &["arrow_function", "function_expression", "generator_function"],
    naming: &[
        "variable_declarator", "assignment_expression", "pair", "field_definition", "public_field_definition",
    ],
    classes: &[
        "class_declaration", "abstract_class_declaration", "class", "interface_declaration",
        "enum_declaration", "type_alias_declaration",
    ],
    wrappers: &[
        "export_statement", "ambient_declaration", "lexical_declaration", "variable_declaration",
        "variable_declarator", "assignment_expression", "expression_statement", "pair", "field_definition",
        "public_field_definition", "call_expression", "arguments", "await_expression",
        "parenthesized_expression",
    ],
    attributes: &["decorator"],
    blocks: &[
        "if_statement", "else_clause", "for_statement", "for_in_statement", "while_statement", "do_statement",
        "try_statement", "catch_clause", "finally_clause", "switch_statement", "switch_case",
        "switch_default", "with_statement", "labeled_statement", "statement_block", "arrow_function",
        "function_expression", "class_static_block",
    ],
    bodies: &[
        "program", "statement_block", "class_body", "switch_case", "switch_default", "interface_body",
        "object_type", "enum_body", "object",
    ],
};

const JAVA: Kinds = Kinds {
    functions: &["method_declaration", "constructor_declaration", "compact_constructor_declaration"],
    anonymous: &["lambda_expression"],
    naming: &["variable_declarator", "assignment_expression"],
    classes: &[
        "class_declaration", "interface_declaration", "enum_declaration", "record_declaration",
        "annotation_type_declaration",
    ],
    wrappers: &["variable_declarator", "field_declaration", "local_variable_declaration"],
    attributes: &[],
    blocks: &[
        "if_statement", "for_statement", "enhanced_for_statement", "while_statement", "do_statement",
        "try_statement", "try_with_resources_statement", "catch_clause", "finally_clause",
        "switch_expression", "switch_statement", "switch_block_statement_group", "switch_rule",
        "synchronized_statement", "labeled_statement", "static_initializer", "block", "lambda_expression",
    ],
    bodies: &[
        "program", "block", "class_body", "interface_body", "enum_body", "enum_body_declarations",
        "annotation_type_body", "constructor_body", "switch_block_statement_group",
    ],
};

const KOTLIN: Kinds = Kinds {
    functions: &[
        "function_declaration", "secondary_constructor", "anonymous_initializer", "getter", "setter",
    ],
    anonymous: &["lambda_literal", "anonymous_function"],
    naming: &["property_declaration", "assignment"],
    classes: &["class_declaration", "object_declaration", "companion_object"],
    wrappers: &["property_declaration"],
    attributes: &[],
    blocks: &[
        "if_expression", "for_statement", "while_statement", "do_while_statement", "try_expression",
        "catch_block", "finally_block", "when_expression", "when_entry", "lambda_literal",
        "control_structure_body",
    ],
    bodies: &["source_file", "statements", "class_body", "enum_class_body"],
};

const GO: Kinds = Kinds {
    functions: &["function_declaration", "method_declaration"],
    anonymous: &["func_literal"],
    naming: &["short_var_declaration", "var_spec", "assignment_statement"],
    classes: &["type_declaration"],
    wrappers: &[
        "expression_list", "short_var_declaration", "var_spec", "var_declaration", "assignment_statement",
    ],
    attributes: &[],
    blocks: &[
        "if_statement", "for_statement", "expression_switch_statement", "type_switch_statement",
        "select_statement", "expression_case", "type_case", "default_case", "communication_case", "block",
        "func_literal", "go_statement", "defer_statement", "labeled_statement",
    ],
    bodies: &[
        "source_file", "block", "statement_list", "expression_case", "type_case", "default_case",
        "communication_case",
    ],
};

const RUST: Kinds = Kinds {
    functions: &["function_item", "macro_definition"],
    anonymous: &["closure_expression"],
    naming: &["let_declaration", "static_item"],
    classes: &["struct_item", "enum_item", "union_item", "trait_item", "impl_item"],
    wrappers: &[],
    attributes: &["attribute_item"],
    blocks: &[
        "if_expression", "else_clause", "for_expression", "while_expression", "loop_expression",
        "match_expression", "match_arm", "unsafe_block", "async_block", "block", "closure_expression",
        "mod_item", "foreign_mod_item",
    ],
    bodies: &[
        "source_file", "block", "declaration_list", "field_declaration_list", "enum_variant_list",
        "match_block",
    ],
};

const C: Kinds = Kinds {
    functions: &["function_definition", "inline_method_definition"],
    anonymous: &["lambda_expression"],
    naming: &["init_declarator", "assignment_expression"],
    classes: &[
        "class_specifier", "struct_specifier", "union_specifier", "enum_specifier", "concept_definition",
    ],
    wrappers: &[
        "template_declaration", "type_definition", "declaration", "init_declarator", "linkage_specification",
    ],
    attributes: &[],
    blocks: &[
        "if_statement", "else_clause", "for_statement", "for_range_loop", "while_statement", "do_statement",
        "switch_statement", "case_statement", "try_statement", "catch_clause", "labeled_statement",
        "compound_statement", "lambda_expression", "namespace_definition", "seh_try_statement",
    ],
    bodies: &[
        "translation_unit", "compound_statement", "declaration_list", "field_declaration_list",
        "case_statement", "enumerator_list", "preproc_if", "preproc_ifdef", "preproc_else", "preproc_elif",
    ],
};

const C_SHARP: Kinds = Kinds {
    functions: &[
        "method_declaration", "constructor_declaration", "destructor_declaration", "operator_declaration",
        "conversion_operator_declaration", "indexer_declaration", "property_declaration",
        "local_function_statement",
    ],
    anonymous: &["lambda_expression", "anonymous_method_expression"],
    naming: &["variable_declarator", "assignment_expression"],
    classes: &[
        "class_declaration", "struct_declaration", "interface_declaration", "record_declaration",
        "enum_declaration",
    ],
    wrappers: &[
        "variable_declarator", "variable_declaration", "field_declaration", "local_declaration_statement",
    ],
    attributes: &[],
    blocks: &[
        "if_statement", "for_statement", "foreach_statement", "while_statement", "do_statement",
        "try_statement", "catch_clause", "finally_clause", "switch_statement", "switch_section",
        "switch_expression", "using_statement", "lock_statement", "fixed_statement", "checked_statement",
        "unsafe_statement", "labeled_statement", "block", "lambda_expression", "accessor_declaration",
        "namespace_declaration",
    ],
    bodies: &[
        "compilation_unit", "block", "declaration_list", "enum_member_declaration_list", "switch_section",
    ],
};

const PHP: Kinds = Kinds {
    functions: &["function_definition", "method_declaration"],
    anonymous: &["anonymous_function", "anonymous_function_creation_expression", "arrow_function"],
    naming: &["assignment_expression", "property_element", "array_element_initializer"],
    classes: &["class_declaration", "interface_declaration", "trait_declaration", "enum_declaration"],
    wrappers: &["assignment_expression", "expression_statement"],
    attributes: &[],
    blocks: &[
        "if_statement", "else_if_clause", "else_clause", "for_statement", "foreach_statement",
        "while_statement", "do_statement", "try_statement", "catch_clause", "finally_clause",
        "switch_statement", "case_statement", "default_statement", "match_expression", "compound_statement",
        "colon_block", "anonymous_function", "anonymous_function_creation_expression", "namespace_definition",
    ],
    bodies: &[
        "program", "compound_statement", "colon_block", "declaration_list", "enum_declaration_list",
        "case_statement", "default_statement",
    ],
};

const RUBY: Kinds = Kinds {
    functions: &["method", "singleton_method"],
    anonymous: &["lambda", "block", "do_block"],
    naming: &["assignment"],
    classes: &["class", "module", "singleton_class"],
    wrappers: &["assignment", "call", "argument_list"],
    attributes: &[],
    blocks: &[
        "if", "unless", "elsif", "else", "case", "when", "case_match", "in_clause", "while", "until", "for",
        "begin", "rescue", "ensure", "do_block", "block", "lambda",
    ],
    bodies: &["program", "body_statement", "block_body", "then", "do", "else", "begin", "ensure"],
};
