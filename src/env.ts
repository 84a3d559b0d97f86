// The Worker's bindings, as the platform hands them over.

import type { SecretBindings } from "./secrets.ts";
import type { DirectoryObject } from "./store/directory-object.ts";
import type { DomainObject } from "./store/domain-object.ts";

export interface Env extends SecretBindings {
  readonly SNAPSHOTS: KVNamespace;
  readonly DOMAINS: DurableObjectNamespace<DomainObject>;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>;
}
