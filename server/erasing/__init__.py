"""Erases customers in the background, stage by stage; every stage can be repeated harmlessly."""

from server.erasing.eraser import Eraser
from server.erasing.job import Erasing
from server.erasing.stages import STAGES, NotYet

__all__ = ["STAGES", "Eraser", "Erasing", "NotYet"]
