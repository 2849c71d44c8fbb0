"""What is asked over the API of what is together in Other, whatever question it is an answer to."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


def asked_of_other(question: type[Schema], *, most: str = "most") -> type[Schema]:
    """The question with the cell of a number of Other, and how much is told of what is together there.

    `most` is what the latter is called, where the question means something else by that.
    """
    return question.from_dict(
        {
            "cell": fields.String(
                required=True,
                metadata={
                    "description": "the `cell` of a number of Other, in an answer to the same question"
                },
            ),
            most: fields.Integer(
                load_default=50,
                validate=validate.Range(1, 1_000),
                metadata={"description": "so many of what is together there, those that have most"},
            ),
        },
        name=f"OtherOf{question.__name__}",
    )
