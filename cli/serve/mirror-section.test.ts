import { expect, test } from "vitest";
import type { HaPlan } from "../../server/ha/edge/ha-plan.ts";
import { haSection } from "./ha-section.ts";
import { mirrorPlanOf } from "./mirror-section.ts";

const section = {
  nodes: ["prov01", "prov02"],
  node: "prov01",
  links: [{ address: "192.168.0.1", peerAddress: "192.168.0.2" }],
  keyFile: "ha.key",
  etcd: { endpoints: ["http://10.0.0.1:2379"], prefix: "/provlab/" },
};

const planOf = (mirror: unknown): HaPlan => haSection.parse({ ...section, mirror });

test("without the section nothing is mirrored", () => {
  expect(mirrorPlanOf(planOf(undefined), { root: "tftp" })).toBeUndefined();
});

test("an empty section mirrors what TFTP serves, over the links, with their key", () => {
  const { links } = planOf({});
  const plan = { links, keyFile: "ha.key", intervalMs: 2000 };
  expect(links).toMatchObject([{ port: 694 }]);
  const root = { name: "root", path: "tftp" };
  expect(mirrorPlanOf(planOf({}), { root: "tftp" })).toEqual({ ...plan, folders: [root] });
  const deviceFiles = { registrations: "db/registrations.json", templates: "db/templates" };
  expect(mirrorPlanOf(planOf({}), { root: "tftp", deviceFiles })).toEqual({
    ...plan,
    folders: [
      root,
      { name: "registrations", path: "db", only: "registrations.json" },
      { name: "templates", path: "db/templates" },
    ],
  });
});

test("what is named is mirrored, and nothing else", () => {
  const plan = planOf({ port: 8080, interval: "500 ms", folders: { firmware: "fw" } });
  expect(mirrorPlanOf(plan, { root: "tftp" })).toMatchObject({
    links: [{ port: 8080 }],
    intervalMs: 500,
    folders: [{ name: "firmware", path: "fw" }],
  });
});

test("nothing to mirror is a mistake", () => {
  expect(mirrorPlanOf(planOf({}), undefined)).toMatch(/^needs folders, or the section tftp/);
});

test.each([
  [{ port: 0 }],
  [{ interval: "10 ms" }],
  [{ interval: "2 m" }],
  [{ folders: {} }],
  [{ folders: { "../x": "a" } }],
  [{ folders: { a: "" } }],
  [{ key: "x" }],
])("%j is refused", (mirror) => {
  expect(haSection.safeParse({ ...section, mirror }).success).toBe(false);
});
