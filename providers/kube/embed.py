#!/usr/bin/env python3
"""Files as C arrays: embed.py OUTPUT HEADER NAME=FILE…; each NAME and NAME_length are defined."""
import sys


def main(output, header, rows):
    with open(output, "w", encoding="ascii") as out:
        out.write(f'#include "{header}"\n')
        for row in rows:
            name, path = row.split("=", 1)
            with open(path, "rb") as file:
                text = file.read()
            out.write(f"\nconst char {name}[] = {{\n")
            for at in range(0, len(text), 12):
                out.write("\t" + " ".join(f"'\\x{byte:02x}'," for byte in text[at : at + 12]) + "\n")
            out.write(f"}};\nconst size_t {name}_length = sizeof({name});\n")


main(sys.argv[1], sys.argv[2], sys.argv[3:])
