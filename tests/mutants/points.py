#!/usr/bin/env python3
"""Writes copies of the core's sources in which each decision can be made wrongly, one at a time, when the program runs.

usage: points.py --cc CLANG --out FOLDER SOURCE…

clang says where the operators and conditions are. In FOLDER there will be for each source a copy
(phase/resting.c is analysis_phase_resting.c; headers stand under mutated/), mutant.c with what chooses among the mutants, and
mutants.json, the list of them. The environment of a program with the copies linked says which mutant it is:

    SERIN_MUTANT=17       mutant 17; without it, none
    SERIN_MUTANT=-1       none, and when it ends, the numbers of those it came by are added to SERIN_MUTANTS_SEEN

What is mutated:
    a < b     a <= b, a >= b; the other comparisons likewise; a == b is a != b and the other way round
    a && b    a || b; a is true; b is true            (|| likewise, and false)
    !a        a
    if (a)    always, never; of a ? b : c the same; while (a) and for (;a;) never
Asserts are left alone: they are not behaviour.
"""
import argparse
import json
import os
import re
import subprocess
import sys

RELATIONS = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
}
SKIPPED = {"StaticAssertDecl", "ConstantExpr"}

PROLOGUE = """extern const int mutant_number;
extern unsigned char mutant_seen[];
static inline __attribute__((unused)) int mutant_is(int number)
{
	if (__builtin_expect(mutant_number < 0, 0))
		mutant_seen[number] = 1;
	return mutant_number == number;
}
"""

CHOICE = """#include <stdio.h>
#include <stdlib.h>

#define MUTANTS %d

int mutant_number = 0;
unsigned char mutant_seen[MUTANTS + 1];

static void tell(void)
{
	const char *path = getenv("SERIN_MUTANTS_SEEN");
	FILE *file = path ? fopen(path, "a") : NULL;

	if (!file)
		return;
	for (int i = 1; i <= MUTANTS; i++)
		if (mutant_seen[i])
			fprintf(file, "%%d\\n", i);
	fclose(file);
}

__attribute__((constructor)) static void choose(void)
{
	const char *number = getenv("SERIN_MUTANT");

	if (number)
		mutant_number = (int)strtol(number, NULL, 10);
	if (mutant_number < 0)
		atexit(tell);
}
"""


class Edit:
    """A place of the source, [begin, end), that is written anew."""

    def __init__(self, begin, end, order, write):
        self.begin = begin
        self.end = end
        self.order = order  # among edits of the same place, the outer first
        self.write = write  # text of a range -> new text


class Source:
    """One file, its mutants and its copy."""

    def __init__(self, path, first):
        self.path = path
        self.next = first
        with open(path, "rb") as file:
            self.text = file.read()
        self.edits = []
        self.mutants = []
        self.function = ""
        self.names = {}

    def words(self, begin, end):
        text = self.text[begin:end].decode()
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        return re.sub(r"\s+", " ", text).strip()

    def mutant(self, begin, what):
        """The number of a new mutant. Its name has no line number: it is the same after an edit elsewhere."""
        name = f"{self.path} {self.function}: {what}"
        self.names[name] = self.names.get(name, 0) + 1
        if self.names[name] > 1:
            name += f" #{self.names[name]}"
        number = self.next
        self.next += 1
        self.mutants.append(
            {"number": number, "name": name, "file": self.path, "line": self.text.count(b"\n", 0, begin) + 1}
        )
        return number

    def place(self, node):
        """[begin, end) of a node in the file, None where it comes out of a macro."""
        ends = []
        for side in ("begin", "end"):
            loc = node["range"].get(side, {})
            if "expansionLoc" in loc:
                ends.append((loc["expansionLoc"], True))
            elif "offset" in loc:
                ends.append((loc, False))
            else:
                return None
        (first, is_macro), (last, is_macro_too) = ends
        if is_macro and is_macro_too and first["offset"] == last["offset"]:
            return None
        return first["offset"], self.after(last, is_macro_too)

    def after(self, last, is_macro):
        """Behind a last token; behind the arguments of a macro."""
        end = last["offset"] + last["tokLen"]
        if is_macro and self.text[end : end + 1] == b"(":
            depth = 0
            while True:
                depth += {b"(": 1, b")": -1}.get(self.text[end : end + 1], 0)
                end += 1
                if depth == 0:
                    break
        return end

    def operand(self, node):
        """The place of an operand, a macro's name and arguments included."""
        place = self.place(node)
        if place:
            return place
        loc = node["range"]["begin"]["expansionLoc"]
        return loc["offset"], self.after(loc, True)

    # What is mutated ----------------------------------------------------------------------------

    def find(self, node):
        kind = node.get("kind")
        if not kind or kind in SKIPPED:
            return
        inner = node.get("inner", [])
        place = self.place(node) if "range" in node else None
        if kind == "BinaryOperator" and place:
            if node["opcode"] in RELATIONS:
                self.relation(place, node["opcode"], inner)
            elif node["opcode"] in ("&&", "||"):
                self.junction(place, node["opcode"], inner)
        elif kind == "UnaryOperator" and node["opcode"] == "!" and place:
            self.negation(place, inner[0])
        elif kind in ("IfStmt", "ConditionalOperator") and place:
            self.condition(inner[0], "if" if kind == "IfStmt" else "?", (1, 0))
        elif kind == "WhileStmt" and place:
            self.condition(inner[0], "while", (0,))
        elif kind == "ForStmt" and place and inner[2].get("kind"):
            self.condition(inner[2], "for", (0,))
        for child in inner:
            self.find(child)

    def add(self, place, order, write):
        self.edits.append(Edit(place[0], place[1], order, write))

    def relation(self, place, operator, inner):
        left, right = self.operand(inner[0]), self.operand(inner[1])
        original = self.words(*place)
        sides = self.words(*left), self.words(*right)
        numbers = [
            (self.mutant(place[0], f"`{original}` is `{sides[0]} {other} {sides[1]}`"), other)
            for other in RELATIONS[operator]
        ]

        def write(copy):
            l, r = copy(*left), copy(*right)
            text = f"(({l}) {operator} ({r}))"
            for number, other in numbers:
                text = f"(mutant_is({number}) ? (({l}) {other} ({r})) : {text})"
            return text

        self.add(place, 3, write)

    def junction(self, place, operator, inner):
        left, right = self.operand(inner[0]), self.operand(inner[1])
        other = "||" if operator == "&&" else "&&"
        original = self.words(*place)
        swap = self.mutant(place[0], f"`{original}` with {other}")
        value = 1 if operator == "&&" else 0
        word = "true" if value else "false"
        # In a chain, the left side is the rest of the chain: its parts have mutants of their own.
        drops = [
            None
            if side == left and self.is_chain(inner[0], operator)
            else self.mutant(side[0], f"`{self.words(*side)}` is {word} in `{original}`")
            for side in (left, right)
        ]

        def write(copy):
            # By De Morgan, so that each side stands there once.
            texts = [
                f"(mutant_is({number}) ? {value} : (({copy(*side)}) != 0))" if number else f"(({copy(*side)}) != 0)"
                for number, side in zip(drops, (left, right))
            ]
            m = f"mutant_is({swap})"
            return f"(((({texts[0]}) ^ {m}) {operator} (({texts[1]}) ^ {m})) ^ {m})"

        self.add(place, 3, write)

    def is_chain(self, node, operator):
        while node.get("kind") == "ImplicitCastExpr":
            node = node["inner"][0]
        return node.get("kind") == "BinaryOperator" and node["opcode"] == operator

    def negation(self, place, inner):
        number = self.mutant(place[0], f"`{self.words(*place)}` without !")
        side = self.operand(inner)
        self.add(place, 3, lambda copy: f"(!({copy(*side)}) ^ mutant_is({number}))")

    def condition(self, node, word, values):
        place = self.operand(node)
        if not self.words(*place).strip() or node.get("kind") in ("IntegerLiteral",):
            return
        original = self.words(*place)
        said = {1: "is always true", 0: "is never true"}
        numbers = [(self.mutant(place[0], f"{word} (`{original}`) {said[value]}"), value) for value in values]

        def write(copy):
            text = f"(({copy(*place)}) != 0)"
            for number, value in numbers:
                text = f"(mutant_is({number}) ? {value} : {text})"
            return text

        self.add(place, 1, write)

    # The copy -----------------------------------------------------------------------------------

    def render(self):
        edits = sorted(self.edits, key=lambda e: (e.begin, -e.end, e.order))

        def copy(begin, end, after=-1):
            """The text of [begin, end) with its edits; AFTER: the index of the edit that this is inside of."""
            text, at = [], begin
            for index in range(after + 1, len(edits)):
                edit = edits[index]
                if edit.begin >= end:
                    break
                if edit.begin < at or edit.end > end:
                    continue
                text.append(self.text[at : edit.begin].decode())
                text.append(edit.write(lambda b, e, index=index: copy(b, e, index)))
                at = edit.end
            text.append(self.text[at:end].decode())
            return "".join(text)

        return f'{PROLOGUE if self.path.endswith(".c") else ""}#line 1 "{self.path}"\n' + copy(0, len(self.text))


def is_in_main_file(declaration):
    loc = declaration.get("loc", {})
    return "includedFrom" not in loc.get("expansionLoc", loc)


def read(clang, path, first):
    """The source with its mutants found."""
    source = Source(path, first)
    command = [clang, "-std=c17", "-D_GNU_SOURCE", "-I.", "-x", "c", "-w", "-fsyntax-only", "-Xclang", "-ast-dump=json", path]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    for declaration in json.loads(done.stdout)["inner"]:
        if declaration["kind"] != "FunctionDecl" or not is_in_main_file(declaration):
            continue
        source.function = declaration["name"]
        for part in declaration.get("inner", []):
            if part["kind"] == "CompoundStmt":
                source.find(part)
    return source


def write_where_it_differs(path, text):
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cc", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("sources", nargs="+", help="relative to the tree's root")
    arguments = parser.parse_args()
    out = os.path.abspath(arguments.out)
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    mutants = []
    for path in arguments.sources:
        source = read(arguments.cc, path, len(mutants) + 1)
        mutants += source.mutants
        name = path.replace("/", "_") if path.endswith(".c") else os.path.join("mutated", path)
        write_where_it_differs(os.path.join(out, name), source.render())
    write_where_it_differs(os.path.join(out, "mutant.c"), CHOICE % len(mutants))
    write_where_it_differs(os.path.join(out, "mutants.json"), json.dumps(mutants, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
