// What a domain's object knows of the domain's signing, checked: whether it is ready to enforce, and what is missing.

import { checkReadiness, type Readiness } from "../core/readiness.ts";
import type { Settings } from "../core/settings.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { DomainStorage } from "./domain-storage.ts";
import type { Senders } from "./ledger/senders.ts";

export class DomainReadiness {
  readonly #storage: DomainStorage;
  readonly #senders: Senders;

  constructor(storage: DomainStorage, senders: Senders) {
    this.#storage = storage;
    this.#senders = senders;
  }

  /** Throws where the senders can't be read. */
  check(snapshot: Snapshot, now: number): Readiness {
    const { signing } = this.#senders;
    const unsignedSenders = this.#senders.unsignedSenders();
    const modeSince = this.#storage.modeSince ?? now;
    return checkReadiness(snapshot, { signing, modeSince, unsignedSenders }, now);
  }

  /**
   * What keeps the domain from enforcing with these settings; it observes, if it does, in its former mode. Where that
   * can't be found out it throws, unless it is forced: that is no reason to keep anyone from it.
   */
  findMissing(former: Snapshot | null, settings: Settings, force: boolean, now: number): readonly string[] {
    if (former === null) return ["The domain is new."];
    const { mode } = former.settings;
    try {
      const { checks } = this.check({ ...former, settings: { ...settings, mode } }, now);
      return checks.filter(({ status }) => status === "fail").map(({ detail }) => detail);
    } catch (error) {
      if (force) return ["Readiness could not be found out."];
      throw error;
    }
  }
}
