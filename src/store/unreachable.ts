// Storage that did not answer: a fault of ours, and so never a verdict. Mail is deferred, the API answers 503.

export class StorageUnreachable extends Error {}

/** Runs a call to storage; whatever it throws becomes `StorageUnreachable`. */
export async function reach<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (cause) {
    throw new StorageUnreachable("Storage could not be reached.", { cause });
  }
}
