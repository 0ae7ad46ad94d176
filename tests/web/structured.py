"""What search engines ask of JSON-LD, as a JSON Schema.

<https://developers.google.com/search/docs/appearance/structured-data/qapage> (required and
recommended properties), the same for breadcrumbs, and the types of <https://schema.org/>.
"""

from __future__ import annotations

from typing import Any

import jsonschema

TEXT = {"type": "string", "minLength": 1}
PERSON = {
    "properties": {"@type": {"const": "Person"}, "name": TEXT, "url": TEXT},
    "required": ["@type", "name"],
    "additionalProperties": False,
}
ANSWER = {
    "properties": {
        "@type": {"const": "Answer"},
        "text": TEXT,
        "url": TEXT,
        "author": PERSON,
        "datePublished": {"format": "date-time"},
    },
    "required": ["@type", "text", "url", "author"],
    "additionalProperties": False,
}
QUESTION = {
    "properties": {
        "@type": {"const": "Question"},
        "name": TEXT,
        "text": {"type": "string"},
        "url": TEXT,
        "answerCount": {"type": "integer", "minimum": 0},
        "acceptedAnswer": ANSWER,
        "suggestedAnswer": {"type": "array", "minItems": 1, "items": ANSWER},
        "author": PERSON,
        "about": {"properties": {"@type": {"const": "Book"}, "name": TEXT}},
        "datePublished": {"format": "date-time"},
    },
    "required": ["@type", "name", "text", "url", "answerCount", "author"],
    "additionalProperties": False,
    # A question with answers shows at least one of them.
    "if": {"properties": {"answerCount": {"minimum": 1}}},
    "then": {"anyOf": [{"required": ["acceptedAnswer"]}, {"required": ["suggestedAnswer"]}]},
}


def _items(*required: str) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {
            "properties": {
                "@type": {"const": "ListItem"},
                "position": {"minimum": 1},
                "name": TEXT,
            },
            "required": ["@type", "position", *required],
        },
    }


KINDS = {
    "QAPage": {"properties": {"mainEntity": QUESTION}, "required": ["mainEntity"]},
    "Book": {
        "properties": {"name": TEXT, "url": TEXT, "author": {"type": "array", "items": PERSON}},
        "required": ["name", "url", "author"],
    },
    "CollectionPage": {
        "properties": {
            "mainEntity": {
                "properties": {
                    "@type": {"const": "ItemList"},
                    "numberOfItems": {"type": "integer"},
                    "itemListElement": _items("url", "name"),
                },
                "required": ["@type", "itemListElement"],
            }
        },
        "required": ["name", "mainEntity"],
    },
    "BreadcrumbList": {
        "properties": {"itemListElement": _items("name", "item")},
        "required": ["itemListElement"],
    },
}
VALIDATOR = jsonschema.Draft202012Validator(
    {
        "type": "object",
        "properties": {
            "@context": {"const": "https://schema.org"},
            "@graph": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "properties": {"@type": {"enum": list(KINDS)}},
                    "required": ["@type"],
                    "allOf": [
                        {"if": {"properties": {"@type": {"const": kind}}}, "then": schema}
                        for kind, schema in KINDS.items()
                    ],
                },
            },
        },
        "required": ["@context", "@graph"],
    },
    format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
)
