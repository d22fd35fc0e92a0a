import { describeLeaseStore } from "./lease-store.testing.ts";
import { MemoryLeaseStore } from "./memory-lease-store.testing.ts";

describeLeaseStore("MemoryLeaseStore", () => {
  const store = new MemoryLeaseStore();
  return {
    open(table) {
      store.loadInto(table);
      return store;
    },
    failNextCommit: (code) => store.failNextCommit(code),
    remove: () => undefined,
  };
});
