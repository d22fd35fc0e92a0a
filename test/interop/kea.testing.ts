import { writeFileSync } from "node:fs";
import type { NetworkLab, Peer } from "./namespaces.testing.ts";

/** Where in a lab a Kea is to serve, and the configuration that it is to have. */
export interface KeaPlace {
  readonly namespace: string;
  /** On which it serves DHCP. */
  readonly address: string;
  readonly config: string;
}

/** What a Kea of a lab needs that is not of the lab itself. */
export const keaPrograms = ["kea-dhcp4", "ss"] as const;

/** Checks the configuration with Kea's own `-t` and starts it; throws with its words when it does not serve. */
export async function startKea(lab: NetworkLab, place: KeaPlace): Promise<Peer> {
  const file = lab.path("kea-dhcp4.conf");
  writeFileSync(file, place.config);
  // Kea keeps to its own folders unless it is told of others.
  const folders = [
    ...[`KEA_DHCP_DATA_DIR=${lab.directory}`, `KEA_PIDFILE_DIR=${lab.directory}`],
    ...["KEA_LOCKFILE_DIR=none", `KEA_LOG_FILE_DIR=${lab.directory}`],
  ];
  const command = [...folders, "kea-dhcp4"];
  const checked = await lab.run(place.namespace, "env", [...command, "-t", file]);
  if (checked.status !== 0) throw new Error(`kea-dhcp4 -t: ${checked.output}`);
  const server = lab.start(place.namespace, "env", [...command, "-c", file]);
  // It says nothing below a warning: its socket tells that it is there.
  const deadline = performance.now() + 30_000;
  while (!server.isOver && performance.now() < deadline) {
    const { output } = await lab.run(place.namespace, "ss", ["-lunH"]);
    if (output.includes(`${place.address}:67 `)) return server;
  }
  throw new Error(`kea-dhcp4 opened no socket: ${server.output}`);
}
