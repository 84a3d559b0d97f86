// The sentences that mail servers write where they have no fields to fill in: facts, each with software that is known to
// write so. One pattern is made of each list; nothing that repeats stands within what repeats, so it is linear.

/** One pattern of several, in any case. */
export const anyOf = (...phrases: readonly RegExp[]): RegExp =>
  new RegExp(phrases.map(({ source }) => source).join("|"), "i");

/** A message was not delivered. The recipients are named after it, mostly. */
export const FAILURE = anyOf(
  // Exim, Postfix, Exchange, GMX, Zoho: could not be delivered. SurfControl: could not be sent.
  /c(?:ould|an) ?(?:n[o']t|not)(?: be)? (?:deliver|reach|process|sen[dt]|forward|complet|find)/,
  // Domino: was not delivered. Google: wasn't delivered. Courier: has not been delivered. amavisd: was not relayed.
  /(?:was|were|is|are|has|have) ?(?:n[o']t|not)(?: been| be)? (?:deliver|sent|reach|accept|receiv|relayed)/,
  // qmail: I wasn't able to deliver. Yahoo, MailFoundry, MessageLabs: unable to deliver. SendGrid: not able to be delivered.
  /(?:un|not |n't )able to (?:be )?(?:deliver|send|reach|complete|relay|process)|failed to (?:deliver|send|reach)/,
  // OpenSMTPD, DragonFly, LSMTP, USA.net, CommuniGate; Exim, of an address that is none.
  /(?:errors?|trouble) (?:in )?(?:delivering|while|was detected|has occurred|occurred)|rejected recipient|encountered an error|incorrectly constructed/,
  // Sendmail, Activehunter, Biglobe, McAfee, Mail2000: the following addresses had delivery problems.
  /(?:following|these|this) (?:e-?mail )?(?:address|recipient|user|person)\S{0,4} (?:had|have|has|fail|w[ae]|did|can|is|are)/,
  /(?:permanent|fatal|transient|delivery) (?:fatal |delivery )?(?:error|problem|failure)/,
  // KDDI: each of the following recipients was rejected.
  /the following (?:recipient|address)|your mail (?:sent on|attempted)/,
  // Exchange 5.5: did not reach the following recipients. SMTPSVC, Outlook: delivery to the following recipients failed.
  /did ?n[o']t (?:reach|receive|get)|del[ie]very (?:to|of) .{0,60}(?:fail|abort|delay|error|has been)/,
  /delivery (?:has |was |attempt |status |to )?(?:failed|failure|error|problem|notification|report)/,
  // GroupWise: undeliverable. Exim: unrouteable. MailMarshal: recipients were affected. Dovecot: automatically rejected.
  /undeliver(?:able|ed)|unrout?e?able|non-?deliver|not deliver(?:ed|able|y)|recipients? (?:were |was )?(?:affected|rejected|not)/,
  /(?:was|were|been|automatically) (?:rejected|returned|refused|bounced|blocked by)/,
  // IMail, James, Notes: unknown user, invalid user address, failure reasons.
  /failed (?:recipient|address|to)|failure reason|invalid (?:final delivery|recipient|address|user)/,
  /unknown (?:user|recipient|local|mailbox|address)|user unknown|no such (?:user|recipient)|does not exist/,
  // Exchange and others in German, French, Spanish, Portuguese, Italian, Polish, Russian, Dutch, Swedish, Japanese, Chinese.
  /nicht (?:zugestellt|erreich|ausgeliefert|übermittelt)|unzustellbar|konnte .{0,60}nicht/,
  /n'a (?:pas )?(?:pu|été)|non remis|pas (?:pu )?être|impossible de/,
  /no (?:se )?(?:ha |pudo |puede )?(?:podido |ser )?entreg|no se pudo|n[ãa]o (?:foi|p[ôo]de|pode|puderam)/,
  /non (?:è stato|può|recapit)|nie (?:można|została|dostarczon)|не (?:может|удалось|был|доставл)|невозможно/,
  /échec de|error de entrega|falha na entrega|recapito non|is mislukt|gick inte/,
  /配信(?:でき|不)|送信でき|失敗しました|送达|退信|无法|未能/,
);

/** The server goes on trying. */
export const DELAY = anyOf(
  // Sendmail: warning: could not send message for past 4 hours.
  /warning message only|could not (?:be delivered|send (?:message)?) for (?:the )?(?:past|last) /,
  // Exim, smail: has not yet been delivered; delivery attempts will continue. Exchange: you do not need to resend.
  /not yet (?:been )?deliver|(?:has|have) not (?:yet )?been delivered .{0,40}(?:yet|after|for)|attempts will continue/,
  /do not need to (?:re-?send|take any)|no (?:further )?action is required|further attempts|just a warning|advisory-only|postponed/,
  // Gmail, Postfix, qmail's relatives, Courier, CommuniGate.
  /will (?:be retried|(?:re)?try (?:again|for|sending|to deliver)|be (?:attempted|delivered) (?:again|later|when))/,
  /(?:keep|continue|go on) (?:on )?(?:trying|to (?:try|attempt))|still (?:be(?:ing)? )?(?:trying|queued|in the queue|attempt)/,
  /(?:message|mail|delivery)\S{0,12} (?:has been |is |was |being |temporarily )?(?:delayed|deferred)|delays? in delivering/,
);

/** It no longer does: what sounded like a delay is a failure. */
export const FINAL =
  /giv(?:en|ing) up|permanent (?:error|failure|fatal)|failed permanently|will not be (?:retried|attempted)|not (?:continue|try)|expired|maximum (?:time|number)/i;

/** Subjects of reports. */
export const FAILURE_SUBJECT = anyOf(
  /undeliver|returned mail|fail|delivery (?:status|problem|report|notif)|mail system|non-?deliver|could not|rejected|bounce/,
  /warning|delayed|error|unzustellbar|non remis|no se puede entregar|n[ãa]o (?:entregue|é possível)|onbestelbaar/,
  /не ?доставлен|エラー|配信不能|退信/,
);

/** Senders of reports. Some have no address. */
export const ROBOT =
  /mailer-?daemon|post.?master|mail ?(?:delivery|system|administrator)|delivery (?:sub)?system|system administrator|mdaemon|^(?:"[^"]*" ?)?<>/i;
