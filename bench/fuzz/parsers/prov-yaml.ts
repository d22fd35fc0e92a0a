import { UsageError } from "../../../cli/options/usage-error.ts";
import { controlSocketOf, provPlanOf } from "../../../cli/serve/prov-file.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check, parsed, utf8Text } from "./oracle.ts";

/** What `prov serve` reads; a file with a plan has a socket for other commands, or none. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const text = utf8Text(bytes);
    const plan = parsed(UsageError, () => provPlanOf("prov.yaml", text));
    if (plan === undefined) return;
    check("a plan without a service", plan.services.length > 0);
    check("another socket", controlSocketOf("prov.yaml", text) === plan.controlSocket);
  },
  words: [
    ...[
      "schema: provlab/prov@1\n",
      "address: 127.0.0.1\n",
      "dhcp:\n",
      "  config: a\n",
      "  leases: b\n",
      "tftp:\n",
    ],
    ...[
      "  root: c\n",
      "time: {}\n",
      "ntp: {}\n",
      "syslog:\n",
      "  directory: d\n",
      "ha:\n",
      "  node: a\n",
      "control:\n",
    ],
    ...[
      "  socket: s\n",
      "metrics:\n",
      "  port: 0\n",
      "dhcpInstances:\n",
      "  deviceFiles:\n",
      "mirror:\n",
      "etcd:\n",
      "links:\n",
    ],
  ],
};
