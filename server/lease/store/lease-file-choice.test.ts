import { describe, expect, test } from "vitest";
import { latin1Text } from "../../../protocol/latin1.ts";
import { chooseLeaseFile, type FoundFile } from "./lease-file-choice.ts";
import { type LeaseFileMark, markLine, parseMark } from "./lease-file-mark.ts";

const paths = ["/a/leases", "/b/leases"] as const;
const missing: FoundFile = { kind: "missing" };
const broken: FoundFile = { kind: "unreadable", why: "Can't read it: EIO." };
const blank: FoundFile = { kind: "read", isBlank: true, mark: undefined, bytes: 0 };
/** Has leases, and was written by another program or as a single file. */
const plain: FoundFile = { kind: "read", isBlank: false, mark: undefined, bytes: 0 };

function marked(
  standing: LeaseFileMark["standing"],
  generation: number,
  bytes = 500,
  set = "0123456789abcdef",
): FoundFile {
  const mark = { set, generation, standing, bytes: 0 };
  return { kind: "read", isBlank: false, mark, bytes };
}

const inStep = { kind: "in-step" };
const first = { kind: "one", place: 0 };
const refused = { kind: "refused" };

// Each case is tried the other way round, too.
const cases: readonly (readonly [string, FoundFile, FoundFile, object])[] = [
  ["two new files", blank, blank, first],
  ["one new file, and none", blank, missing, { kind: "missing", place: 1 }],
  ["no file", missing, missing, { kind: "missing" }],
  ["a file that was the only one, and a new one", plain, blank, { ...first, isNewSet: true }],
  ["a file that was the only one, and none yet", plain, missing, { ...first, isNewSet: true }],
  ["a file that was the only one, beside one that cannot be read", plain, broken, refused],
  ["two files that were each the only one", plain, plain, refused],
  ["both as they were left", marked("both", 7), marked("both", 7), inStep],
  ["both, one longer", marked("both", 7, 501), marked("both", 7, 500), first],
  ["both, and the other one is missing", marked("both", 7), missing, refused],
  ["both, and the other one is empty", marked("both", 7), blank, refused],
  ["both, and the other one cannot be read", marked("both", 7), broken, refused],
  ["both, beside a file of another program", marked("both", 7), plain, refused],
  [
    "alone, and the other one is missing",
    marked("alone", 7),
    missing,
    { ...first, isNewSet: true },
  ],
  ["alone, beside a new disk", marked("alone", 7), blank, { ...first, isNewSet: true }],
  ["alone, beside a broken disk", marked("alone", 7), broken, { ...first, isNewSet: false }],
  ["alone, beside what it left", marked("alone", 7, 1), marked("both", 6, 900), first],
  ["alone, beside what it catches up", marked("alone", 7, 1), marked("behind", 7, 900), first],
  ["alone, beside a file of another program", marked("alone", 7), plain, refused],
  ["behind, and the other one is missing", marked("behind", 7), missing, refused],
  ["behind, and the other one is empty", marked("behind", 7), blank, refused],
  ["both behind", marked("behind", 7), marked("behind", 7), refused],
  ["behind later than the other one", marked("behind", 8), marked("both", 7), refused],
  [
    "caught up, and the other one had no time to say so",
    marked("both", 8),
    marked("alone", 7),
    first,
  ],
  ["caught up, and it had no time to say so itself", marked("both", 8), marked("behind", 7), first],
  ["one began a generation first", marked("both", 8, 0), marked("both", 7), first],
  ["an older copy was put in its place", marked("both", 8, 1), marked("both", 7), refused],
  ["each went on without the other", marked("alone", 8), marked("alone", 7), refused],
  ["one generation cannot be both", marked("alone", 7), marked("both", 7), refused],
  ["revoked", marked("both", 7), marked("behind", 7), first],
  ["files of two sets", marked("both", 7), marked("both", 7, 500, "fedcba9876543210"), refused],
];

describe("which of two lease files a start takes", () => {
  test.each(cases)("%s", (_name, one, two, expected) => {
    const choice = chooseLeaseFile(paths, [one, two]);
    expect(choice).toMatchObject(expected);
    const turned = chooseLeaseFile([paths[1], paths[0]], [two, one]);
    if (one === two) return;
    const place = "place" in choice ? { place: 1 - choice.place } : {};
    expect(turned).toMatchObject({ ...expected, ...place });
  });

  test("a refusal says which file, why, and how to go on", () => {
    expect(chooseLeaseFile(paths, [marked("both", 7), missing])).toEqual({
      kind: "refused",
      why: "/b/leases is missing.",
      remedy:
        "Leases that were acknowledged may be in that file only. Bring it back, or go on with " +
        "/a/leases alone (leases: /a/leases): leases that it does not have are then lost.",
    });
    expect(chooseLeaseFile(paths, [plain, marked("both", 7)])).toMatchObject({
      why: "/a/leases was not written together with /b/leases, and both have leases.",
      remedy: expect.stringContaining("move the other one away"),
    });
  });

  test("no two files are taken both ways: the later one does not depend on the order", () => {
    const files = (["both", "alone", "behind"] as const).flatMap((standing) =>
      [6, 7].flatMap((generation) => [0, 500].map((bytes) => marked(standing, generation, bytes))),
    );
    const all: readonly FoundFile[] = [...files, missing, blank, plain, broken];
    for (const one of all) {
      for (const two of all) {
        if (one === two) continue;
        const choice = chooseLeaseFile(paths, [one, two]);
        const turned = chooseLeaseFile([paths[1], paths[0]], [two, one]);
        expect(turned.kind).toBe(choice.kind);
        if (choice.kind === "one" && turned.kind === "one" && !(one === blank && two === blank)) {
          expect(turned.place).toBe(1 - choice.place);
        }
      }
    }
  });
});

describe("the mark", () => {
  const mark: LeaseFileMark = {
    set: "0123456789abcdef",
    generation: 12,
    standing: "both",
    bytes: 18_234,
  };

  test("is one comment, which is read again", () => {
    const line = latin1Text(markLine(mark));
    expect(line).toBe(
      "# provlab: one lease file of two; set 0123456789abcdef, generation 12, both, 18234 bytes.\n",
    );
    expect(parseMark(line.trimEnd())).toEqual(mark);
  });

  test("is none when it was cut off anywhere", () => {
    const line = latin1Text(markLine(mark)).trimEnd();
    for (let end = 0; end < line.length; end += 1) {
      expect(parseMark(line.slice(0, end)), line.slice(0, end)).toBeUndefined();
    }
    expect(parseMark(`${line}\0`)).toBeUndefined();
  });
});
