import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";

const settings = resolve(import.meta.dirname, "../../deploy/ocf/pacemaker.crm");

/** Where the service runs, as crm_simulate tells the cluster's state after what was simulated. */
interface Placement {
  readonly group: readonly string[];
  readonly promoted: string | undefined;
  /** Applications that the site has added. */
  readonly others: readonly string[];
}

// No cluster runs here: Pacemaker's own scheduler says what it would do, from a CIB in a file.
describeWithPeers(
  "the shipped Pacemaker settings",
  ["crm", "crm_simulate", "crm_verify", "cibadmin"],
  () => {
    let lab: NetworkLab;
    let namespace: string;
    let started: Placement;

    beforeAll(async () => {
      lab = new NetworkLab();
      namespace = lab.addNamespace("node");
      started = await form("on", settings);
    });

    afterAll(async () => {
      await lab.close();
    });

    const run = (command: string, ...args: readonly string[]) => lab.run(namespace, command, args);

    /** The cluster has formed with these settings, and started what they say: `NAME.xml`. */
    async function form(name: string, file: string): Promise<Placement> {
      const cib = `${name}-cib.xml`;
      writeFileSync(lab.path(cib), (await run("cibadmin", "--empty")).output);
      // Forced: the agents themselves are not installed where the tests run.
      const loaded = await run(
        ...(["env", `CIB_file=${lab.path(cib)}`, "crm", "-F", "configure"] as const),
        ...["load", "replace", file],
      );
      expect(loaded.status, loaded.output).toBe(0);
      // The nodes come up; both see the gateway, and DRBD is up to date on both (HA-30).
      await simulate(cib, `${name}-formed.xml`, "--node-up", "prov01", "--node-up", "prov02");
      rewrite(`${name}-formed.xml`, `${name}-ready.xml`, withAttributes);
      return simulate(`${name}-ready.xml`, `${name}.xml`);
    }

    async function simulate(from: string, to: string, ...changes: string[]): Promise<Placement> {
      const ran = await run(
        ...(["crm_simulate", "-x", lab.path(from), "-S", "-O", lab.path(to)] as const),
        ...changes,
      );
      expect(ran.status, ran.output).toBe(0);
      const state = ran.output.slice(ran.output.indexOf("Revised Cluster Status"));
      return {
        group: ["fs_prov", "dhcp_prov"].map(
          (name) => new RegExp(`\\* ${name}\\s.*Started (\\S+)`).exec(state)?.[1] ?? "stopped",
        ),
        promoted: /Promoted: \[ (\S+) \]/.exec(state)?.[1],
        others: [...state.matchAll(/\* (\w+)\s+\(systemd:.*Started (\S+)/g)].map(
          ([, name, node]) => `${name}: ${node}`,
        ),
      };
    }

    function rewrite(from: string, to: string, change: (cib: string) => string): void {
      const before = readFileSync(lab.path(from), "utf8");
      const after = change(before);
      expect(after).not.toBe(before);
      writeFileSync(lab.path(to), after);
    }

    const on = (node: string): Placement => ({
      group: [node, node],
      promoted: node,
      others: [],
    });

    test("are valid, and start everything on the first node (HA-22, HA-31, HA-32)", async () => {
      expect((await run("crm_verify", "-x", lab.path("on-cib.xml"))).status).toBe(0);
      expect(started).toEqual(on("prov01"));
    });

    test("move it when the node is gone (HA-10), and not back by themselves (HA-14)", async () => {
      expect(await simulate("on.xml", "gone.xml", "--node-fail", "prov01")).toEqual(on("prov02"));
      rewrite("gone.xml", "repaired.xml", withoutHistory("prov01"));
      expect(await simulate("repaired.xml", "back.xml", "--node-up", "prov01")).toEqual(
        on("prov02"),
      );
    });

    test("move it when the server does not serve (HA-11)", async () => {
      const failure = "dhcp_prov_monitor_10000@prov01=1";
      expect(await simulate("on.xml", "ill.xml", "--op-inject", failure)).toEqual(on("prov02"));
    });

    test("move another application with it, once it is in the group (HA-6)", async () => {
      const text = readFileSync(settings, "utf8");
      const group = "group group_prov fs_prov dhcp_prov";
      expect(text).toContain(`${group}\n`);
      const acs = "primitive acs_prov systemd:acs op monitor interval=10s timeout=20s\n";
      writeFileSync(lab.path("acs.crm"), text.replace(group, `${acs}${group} acs_prov`));
      const together = (node: string): Placement => ({
        ...on(node),
        others: [`acs_prov: ${node}`],
      });
      expect(await form("acs", lab.path("acs.crm"))).toEqual(together("prov01"));
      const gone = await simulate("acs.xml", "acs-gone.xml", "--node-fail", "prov01");
      expect(gone).toEqual(together("prov02"));
    });

    test("move it when the gateway does not answer (HA-12)", async () => {
      rewrite("on.xml", "blind.xml", isBlind("1"));
      expect(await simulate("blind.xml", "moved.xml")).toEqual(on("prov02"));
    });

    test("serve nowhere while neither node sees the gateway (HA-12)", async () => {
      rewrite("on.xml", "blind.xml", isBlind("1"));
      rewrite("blind.xml", "dark.xml", isBlind("2"));
      const placement = await simulate("dark.xml", "stopped.xml");
      expect(placement).toEqual({
        group: ["stopped", "stopped"],
        promoted: undefined,
        others: [],
      });
    });
  },
);

const gatewayOf = (id: string, value: string): string =>
  `<nvpair id="status-${id}-ping" name="default_ping_set" value="${value}"/>`;

/** The ping of a node has had no answer. */
const isBlind =
  (id: string) =>
  (cib: string): string =>
    cib.replace(gatewayOf(id, "100"), gatewayOf(id, "0"));

/** What the agents of DRBD and of the ping write into the status of a node. */
function withAttributes(cib: string): string {
  return cib.replaceAll(/<node_state id="(\d+)"[^>]*[^/]>/g, (state, id: string) => {
    const drbd = `<nvpair id="status-${id}-drbd" name="master-drbd_prov" value="10000"/>`;
    const set = `<instance_attributes id="status-${id}">${drbd}${gatewayOf(id, "100")}`;
    return `${state}<transient_attributes id="${id}">${set}</instance_attributes></transient_attributes>`;
  });
}

/** A node that has started again remembers nothing of what ran on it. */
const withoutHistory =
  (node: string) =>
  (cib: string): string =>
    cib.replace(new RegExp(`<node_state [^>]*uname="${node}".*?</node_state>`, "s"), (state) =>
      state.replace(/<lrm_resources>.*?<\/lrm_resources>/s, "<lrm_resources/>"),
    );
