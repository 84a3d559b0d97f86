// The signing relay: mail in, the same mail out under a signed reverse-path, all in one session, so that the smarthost's word
// on each recipient and on the message is the client's. It keeps no mail. What can't be signed just now is put off.

import type { SMTPServerSession } from "smtp-server";
import { type Listener, type Listening, listen } from "../listener.ts";
import type { MessageIdMode } from "./message-id.ts";
import type { Minter } from "./minter.ts";
import { RetryMemory } from "./retry-memory.ts";
import { type Relaying, RelaySession } from "./session.ts";
import { Signing } from "./signing.ts";

export interface RelayOptions extends Relaying {
  readonly listening: Listening;
  readonly minter: Minter;
  readonly messageId: MessageIdMode;
}

export function startRelay(options: RelayOptions): Promise<Listener> {
  const signing = new Signing(options.minter, options.messageId, new RetryMemory());
  const sessions = new Map<string, RelaySession>();
  const sessionOf = ({ id }: SMTPServerSession): RelaySession => {
    const session = sessions.get(id) ?? new RelaySession(options, signing);
    sessions.set(id, session);
    return session;
  };
  return listen(
    options.listening,
    {
      mail: async (session, reversePath, parameters) => sessionOf(session).begin(reversePath, parameters),
      recipient: (session, forwardPath) => sessionOf(session).addRecipient(forwardPath),
      message: (session, stream) => sessionOf(session).pass(session, stream),
      closed: (session) => {
        sessions.get(session.id)?.close();
        sessions.delete(session.id);
      },
    },
    (error) => options.log({ event: "failed", error: String(error) }),
  );
}
