import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { StartError } from "../../process/start-error.ts";
import { MirrorPair, testIntervalMs, waitMsMax } from "../mirror-pair.testing.ts";

let pair: MirrorPair;

beforeEach(async () => {
  pair = await MirrorPair.make();
});

afterEach(async () => {
  await pair.close();
});

async function startBoth(active = 0): Promise<void> {
  await pair.start(0);
  await pair.start(1);
  pair.isActive[active] = true;
}

/** Time for several rounds, of which none may do anything. */
async function rounds(count: number): Promise<void> {
  await new Promise((done) => setTimeout(done, count * testIntervalMs));
}

describe("the root of the standby node", () => {
  test("becomes that of the active one: contents, folders, permissions and times", async () => {
    pair.write(0, "cm.cfg", "modem", 0o640);
    pair.write(0, "empty", "");
    pair.write(0, "firmware/a/b.bin", new Uint8Array(3 * 1024 * 1024).fill(65));
    pair.write(0, "größe mit leer?&=%2e.cfg", "x");
    await startBoth();
    await pair.untilSame();
    await pair.untilInStep(1);
    const [from, to] = [0, 1].map((node) => statSync(pair.pathOf(node, "cm.cfg")));
    expect(to!.mode).toBe(from!.mode);
    expect(to!.mtimeMs).toBe(from!.mtimeMs);
    expect(pair.mirrors[1]!.counts()).toMatchObject({ fetched: 4, removed: 0, unproven: 0 });
    expect(pair.mirrors[0]!.counts()).toMatchObject({ served: 4, fetched: 0, isInStep: false });
  });

  test("follows every change, and what was there before is kept once", async () => {
    pair.write(0, "cm.cfg", "one");
    pair.write(0, "old/gone.cfg", "gone");
    pair.write(1, "cm.cfg", "mine");
    pair.write(1, "only-here.cfg", "mine too");
    await startBoth();
    await pair.untilSame();
    expect(pair.read(1, ".provlab-replaced/root/cm.cfg")).toBe("mine");
    expect(pair.read(1, ".provlab-replaced/root/only-here.cfg")).toBe("mine too");
    pair.write(0, "cm.cfg", "two");
    rmSync(pair.pathOf(0, "old"), { recursive: true });
    await pair.untilSame();
    expect(pair.read(1, ".provlab-replaced/root/cm.cfg")).toBe("one");
    expect(pair.read(1, ".provlab-replaced/root/old/gone.cfg")).toBe("gone");
    expect(existsSync(pair.pathOf(1, "old"))).toBe(false);
  });

  test("a folder takes the place of a file, and a file that of a folder", async () => {
    pair.write(0, "a/b", "1");
    pair.write(0, "c", "2");
    pair.write(1, "a", "3");
    pair.write(1, "c/d/e", "4");
    await startBoth();
    await pair.untilSame();
    pair.write(0, "c", "5");
    rmSync(pair.pathOf(0, "a"), { recursive: true });
    pair.write(0, "a", "6");
    await pair.untilSame();
    expect(pair.read(1, ".provlab-replaced/root/c")).toBe("2");
    expect(pair.read(1, ".provlab-replaced/root/a/b")).toBe("1");
  });

  test("is the master once the service has moved", async () => {
    pair.write(0, "cm.cfg", "one");
    await startBoth();
    await pair.untilSame();
    pair.isActive[0] = false;
    pair.isActive[1] = true;
    pair.write(1, "cm.cfg", "newer");
    pair.write(0, "late.cfg", "written when it served no longer");
    await pair.untilSame();
    expect(pair.contentOf(0)).toEqual({ "cm.cfg": "newer" });
    expect(pair.read(0, ".provlab-replaced/root/late.cfg")).toMatch(/^written/);
  });

  test.each([
    ["stands by", false, false],
    ["serves", true, true],
  ])("stays as it is while each node %s", async (_name, first, second) => {
    pair.write(0, "cm.cfg", "one");
    pair.write(1, "cm.cfg", "two");
    await pair.start(0);
    await pair.start(1);
    pair.isActive[0] = first;
    pair.isActive[1] = second;
    await rounds(5);
    expect([pair.read(0, "cm.cfg"), pair.read(1, "cm.cfg")]).toEqual(["one", "two"]);
    expect(pair.mirrors.map((mirror) => mirror!.counts().isInStep)).toEqual([false, false]);
  });

  test("loses nothing to an active node whose disk is not mounted", async () => {
    pair.write(1, "cm.cfg", "two");
    await startBoth();
    await pair.untilInStep(1);
    expect(pair.contentOf(1)).toEqual({ "cm.cfg": "two" });
  });

  test("has no file that is being written, and keeps its own until that rests", async () => {
    pair.write(0, "firmware.bin", "half");
    pair.write(0, "other.cfg", "other");
    pair.write(1, "firmware.bin", "whole");
    await pair.start(0);
    const write = (): void => {
      utimesSync(pair.pathOf(0, "firmware.bin"), Date.now() / 1000, Date.now() / 1000);
    };
    write();
    const writer = setInterval(write, 20);
    onTestFinished(() => clearInterval(writer));
    pair.isActive[0] = true;
    await pair.start(1);
    await vi.waitFor(() => expect(pair.read(1, "other.cfg")).toBe("other"), waitMsMax);
    expect(pair.read(1, "firmware.bin")).toBe("whole");
    clearInterval(writer);
    await vi.waitFor(() => expect(pair.read(1, "firmware.bin")).toBe("half"), waitMsMax);
  });
});

describe("no link leads out of a root", () => {
  test("on the active node: what it points to is not told", async () => {
    pair.write(0, "cm.cfg", "one");
    mkdirSync(join(pair.folder, "outside"));
    pair.write(0, "../outside/secret", "secret");
    symlinkSync(join(pair.folder, "outside"), pair.pathOf(0, "folder"));
    symlinkSync(join(pair.folder, "outside/secret"), pair.pathOf(0, "file"));
    await startBoth();
    await pair.untilInStep(1);
    expect(pair.contentOf(1)).toEqual({ "cm.cfg": "one" });
    expect(pair.said.join("\n")).toContain("2 links or names that cannot be mirrored");
  });

  test("on the standby node: nothing is written or removed where it points to", async () => {
    pair.write(0, "folder/cm.cfg", "one");
    pair.write(0, "file", "two");
    pair.write(0, "last.cfg", "three");
    const outside = join(pair.folder, "outside");
    mkdirSync(outside);
    pair.write(1, "../outside/file", "not yours");
    pair.write(1, "../outside/more", "not yours");
    symlinkSync(outside, pair.pathOf(1, "folder"));
    symlinkSync(join(outside, "file"), pair.pathOf(1, "file"));
    await startBoth();
    await vi.waitFor(() => expect(pair.read(1, "last.cfg")).toBe("three"), waitMsMax);
    await vi.waitFor(() => {
      expect(pair.said.join("\n")).toContain("folder/cm.cfg cannot be put in place (ENOTDIR)");
    }, waitMsMax);
    expect(pair.read(1, "file")).toBe("two");
    expect(pair.read(1, "../outside/file")).toBe("not yours");
    expect(existsSync(join(outside, "cm.cfg"))).toBe(false);
    expect(pair.mirrors[1]!.counts().isInStep).toBe(false);
  });
});

describe("folders with one file", () => {
  test("and two of them in one place, are mirrored without their neighbours", async () => {
    const foldersOf = (node: number) => [
      { name: "registrations", path: pair.rootOf(node), only: "registrations.json" },
      { name: "more", path: pair.rootOf(node), only: "more.json" },
    ];
    pair.write(0, "registrations.json", "{}");
    pair.write(0, "more.json", "[]");
    pair.write(0, "cmts-secret", "secret");
    pair.write(1, "mine", "mine");
    pair.write(1, "more.json", "old");
    pair.isActive[0] = true;
    await pair.start(0, { folders: foldersOf(0) });
    await pair.start(1, { folders: foldersOf(1) });
    await pair.untilInStep(1);
    expect(pair.contentOf(1)).toEqual({
      "registrations.json": "{}",
      "more.json": "[]",
      mine: "mine",
    });
  });
});

describe("what keeps them apart is told, and mends itself", () => {
  test("another key", async () => {
    pair.write(0, "cm.cfg", "one");
    pair.writeKey(1, "another key");
    await startBoth();
    const line = "1: not in step: the other node has another key, or an earlier version";
    await vi.waitFor(() => expect(pair.said).toContain(line), waitMsMax);
    // It is told once, though it is refused again and again.
    const refused = (): number => pair.mirrors[0]!.counts().unproven;
    await vi.waitFor(() => expect(refused()).toBeGreaterThan(2), waitMsMax);
    expect(pair.contentOf(1)).toEqual({});
    expect(pair.said.filter((said) => said === line)).toHaveLength(1);
  });

  test("a link that is down, with another one that is up", async () => {
    pair.write(0, "cm.cfg", "one");
    const { links } = pair.planOf(1);
    const down = { ...links[0], peerAddress: links[0].peerAddress + 10 };
    pair.isActive[0] = true;
    await pair.start(0);
    await pair.start(1, { links: [down, { ...links[0], address: links[0].address + 20 }] });
    await pair.untilInStep(1);
    expect(pair.said.join("\n")).toMatch(/127.0.42.11 port \d+: .*ECONNREFUSED/);
  });

  test("the other node starts anew", async () => {
    pair.write(0, "cm.cfg", "one");
    await startBoth();
    await pair.untilInStep(1);
    await pair.mirrors[0]!.stop();
    pair.write(0, "cm.cfg", "two");
    await pair.start(0);
    await vi.waitFor(() => expect(pair.read(1, "cm.cfg")).toBe("two"), waitMsMax);
  });
});

describe("what an operator mends before it starts", () => {
  test("a folder that is not there", async () => {
    rmSync(pair.rootOf(0), { recursive: true });
    await expect(pair.start(0)).rejects.toThrow(StartError);
    await expect(pair.start(0)).rejects.toThrow(/Cannot mirror .*root-0: No such file/);
  });

  test("a port that is taken", async () => {
    await pair.start(0);
    const taken = pair.planOf(0).links;
    await expect(pair.start(1, { links: taken })).rejects.toThrow(/the mirror over HTTPS on 127/);
  });
});

describe("another folder in the place of a root", () => {
  test.each([0, 1])("of node %i is the root from then on", async (node) => {
    pair.write(0, "cm.cfg", "one");
    await startBoth();
    await pair.untilInStep(1);
    mkdirSync(join(pair.folder, "new"));
    pair.write(node, "../new/cm.cfg", "two");
    renameSync(pair.rootOf(node), join(pair.folder, "old"));
    renameSync(join(pair.folder, "new"), pair.rootOf(node));
    await vi.waitFor(() => {
      expect(pair.contentOf(1)).toEqual({ "cm.cfg": node === 0 ? "two" : "one" });
    }, waitMsMax);
    // It is the new one that is watched.
    pair.write(0, "cm.cfg", "three");
    await pair.untilSame();
  });

  test("that is not there for a while is told, and nothing is removed", async () => {
    pair.write(0, "cm.cfg", "one");
    await startBoth();
    await pair.untilInStep(1);
    renameSync(pair.rootOf(0), join(pair.folder, "old"));
    await vi.waitFor(() => {
      expect(pair.said.join("\n")).toMatch(/0: .*Cannot mirror .*No such file/);
    }, waitMsMax);
    expect(pair.contentOf(1)).toEqual({ "cm.cfg": "one" });
    renameSync(join(pair.folder, "old"), pair.rootOf(0));
    pair.write(0, "cm.cfg", "two");
    await pair.untilSame();
  });
});

test("stopped while it reads a folder, it leaves nothing open", async () => {
  for (let number = 0; number < 2000; number += 1) pair.write(0, `cm-${number}.cfg`, "x");
  const open = (): number => readdirSync("/proc/self/fd").length;
  const before = open();
  await startBoth();
  await rounds(1);
  await Promise.all(pair.mirrors.map((mirror) => mirror!.stop()));
  await vi.waitFor(() => expect(open()).toBeLessThanOrEqual(before), waitMsMax);
});

test("a file with two names is copied as two", async () => {
  pair.write(0, "a", "x");
  linkSync(pair.pathOf(0, "a"), pair.pathOf(0, "b"));
  await startBoth();
  await pair.untilSame();
  expect(statSync(pair.pathOf(1, "a")).ino).not.toBe(statSync(pair.pathOf(1, "b")).ino);
});
