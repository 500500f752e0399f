"""What a theme says of itself."""

import json
import re
from dataclasses import dataclass


@dataclass
class Manifest:
    name: str
    version: str
    files: list

    @staticmethod
    def check_name(name):
        if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
            raise ValueError(f"no name for a theme: {name!r}")
        return name

    @classmethod
    def read(cls, data):
        value = json.loads(data)
        if not isinstance(value, dict):
            raise ValueError("not an object")
        return cls(cls.check_name(value.get("name")), str(value.get("version", "0")), value.get("files", []))
