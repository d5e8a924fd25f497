"""The week's stories: three promises, each kept at both landlords."""

from deploy.demo.answers import ANSWERS
from deploy.demo.faces import FACES
from deploy.demo.leavers import LEAVERS

__all__ = ["STORIES"]

STORIES = ANSWERS + LEAVERS + FACES
