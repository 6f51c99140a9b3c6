# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation of surveys and of answers to them, as in AWX.

Sources, AWX 24.6.1: JobTemplateSurveySpec in awx/api/views/__init__.py, SurveyJobTemplateMixin in
awx/main/models/mixins.py.
"""

from __future__ import annotations

import typing as t

Json = dict[str, t.Any]
# The type of a default, for each type of question.
DEFAULTS: dict[str, t.Any] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": (int, float),
}
MEMBERS: dict[str, type] = {"type": str, "question_name": str, "variable": str, "required": bool}


def spec_error(spec: Json) -> str:
    """The error of the survey; empty if it is valid."""
    for name, kind in {"name": str, "description": str, "spec": list}.items():
        if not isinstance(spec.get(name), kind):
            return f"Field '{name}' is missing from survey spec, or of another type."
    if not spec["spec"]:
        return "'spec' doesn't contain any items."
    variables: set[str] = set()
    for number, question in enumerate(spec["spec"]):
        if error := _question_error(question):
            return f"Survey question {number}: {error}"
        if question["variable"] in variables:
            return f"'variable' '{question['variable']}' duplicated in survey question {number}."
        variables.add(question["variable"])
    return ""


def _question_error(question: Json) -> str:
    for name, kind in MEMBERS.items():
        if not isinstance(question.get(name), kind):
            return f"'{name}' missing, or expected to be {kind.__name__}"
    default = question.get("default", "")
    if question["type"] not in DEFAULTS:
        return f"'{question['type']}' is not one of '{', '.join(DEFAULTS)}' allowed question types."
    if default != "" and not isinstance(default, DEFAULTS[question["type"]]):
        return f"Default value {default} expected to be {question['type']}."
    for name in ("min", "max"):
        if question.get(name) is not None and not isinstance(question[name], int):
            return f"The {name} limit expected to be integer."
    if question["type"] in ("multiplechoice", "multiselect"):
        return _choice_error(question, str(default))
    if isinstance(default, str) and default.startswith("$encrypted$"):
        return "$encrypted$ is a reserved keyword for password question defaults"
    return ""


def _choice_error(question: Json, default: str) -> str:
    if "choices" not in question:
        return "must specify choices."
    chosen = [line for line in default.splitlines() if line.strip()]
    if question["type"] == "multiplechoice" and len(chosen) > 1:
        return "Multiple Choice (Single Select) can only have one default value."
    if set(chosen) - set(choices(question)):
        return "Default choice must be answered from the choices listed."
    return ""


def choices(question: Json) -> list[str]:
    """AWX accepts a list, or a text with one line for each."""
    given = question["choices"]
    return [line for line in given.splitlines() if line.strip()] if isinstance(given, str) else list(given)


def answer_errors(question: Json, answers: Json) -> list[str]:
    """A default does not answer a required question."""
    variable = question["variable"]
    if variable not in answers:
        return [f"'{variable}' value missing"] if question["required"] else []
    value, kind = answers[variable], question["type"]
    if kind in ("multiplechoice", "multiselect"):
        chosen = value if kind == "multiselect" and isinstance(value, list) else [value]
        return [f"Value {one} for '{variable}' expected to be one of {choices(question)}." for one in chosen
                if one not in choices(question)]  # fmt: skip
    if kind == "integer" and (not isinstance(value, int) or isinstance(value, bool)):
        return [f"Value {value} for '{variable}' expected to be an integer."]
    if kind in ("text", "textarea", "password") and not isinstance(value, str):
        return [f"Value {value} for '{variable}' expected to be a string."]
    size = len(value) if isinstance(value, str) else value
    if question.get("min") is not None and size < question["min"]:
        return [f"'{variable}' value {value} is too small (must be at least {question['min']})."]
    if question.get("max") is not None and size > question["max"]:
        return [f"'{variable}' value {value} is too large (must be no more than {question['max']})."]
    return []


def refusals(template: Json, spec: list[Json], answers: Json, *, required: bool, prompts: bool) -> Json:
    """The reasons why a template does not accept these answers, by field.

    ``required`` is false for a node, whose workflow may answer; ``prompts`` is false for a launch, which ignores
    variables
    that are not asked for.
    """
    asked = {question["variable"]: question for question in spec if template["survey_enabled"]}
    wrong = [error for question in asked.values() for error in answer_errors(question, answers)]
    if not required:
        wrong = [error for error in wrong if not error.endswith("value missing")]
    found: Json = {"variables_needed_to_start": wrong} if wrong else {}
    strange = ", ".join(name for name in answers if name not in asked)
    if strange and prompts and not template["ask_variables_on_launch"]:
        found["extra_data"] = [f"Variables {strange} are not allowed on launch. Check the Prompt on Launch setting."]
    return found


def with_defaults(spec: list[Json], answers: Json) -> Json:
    """The variables of the job: the valid defaults, also the empty text, and the answers."""
    defaults = {
        question["variable"]: question["default"]
        for question in spec
        if question.get("default") is not None
        and not answer_errors(question, {question["variable"]: question["default"]})
    }
    return {**defaults, **answers}
