// What servers say of a message that is unwelcome, of trouble that may pass, of a recipient that is bad. Each list is one
// pattern, linear since nothing that repeats stands within what repeats.

import { anyOf } from "./phrases.ts";

/** Of the message, its sender, or the server that brought it. */
export const BLOCK_WORDS = anyOf(
  // Spam, by any name.
  /spam|\bube\b|unsolicited|\bjunk\b|\bbulk (?:e-?)?mail|mass mail|mail score/,
  // Lists and reputation.
  /black-?\s?list|block-?\s?list|\b(?:dns|s|x|r)bls?\b|\bblocked\b|\bbanned\b|reputation|whitelist|complaints|\bip profile/,
  // Policy, permission, membership.
  /\bpolic(?:y|ies)\b|prohibit|forbidden|\b(?:not|n't) (?:permitted|allowed|authori[sz]ed)\b|unauthori[sz]ed/,
  /access (?:denied|from)|members?-only|non-?member|pre-?approved|restricted|refused (?:due|by)|recipient(?:'s)? preferences/,
  // Authentication, and relaying without it.
  /\bdmarc\b|\bspf\b|\bdkim\b|sender id\b|authenti[cf]|(?:open|as a|to|not) relay|relaying|rcpthosts|non-?local|not local host/,
  // Content.
  /virus|malware|infected|\bworm\b|charset|8-?bit|base64|content (?:reject|filter|guideline|violat)|message content/,
  /not accept(?:ing)? (?:e-?mails?|mails?|messages?|attachments?)\b.{0,4}(?:with|from|containing|$)/,
  /message (?:was )?(?:rejected|refused|identified|looks like|considered|classified|scored)|\breject(?:ed)?,? (?:by|mail|due|for|as|id)\b/,
  // The sender, by its address or its server's.
  /\b(?:your|client|sender|sending|source)\b.{0,12}\b(?:ip|isp|server|access|domain)\b.{0,40}\b(?:reject|refus|denied|block|not |smtp|invalid)/,
  /sender (?:address |is |not |verif)?(?:rejected|denied|refused|not|verif|invalid|unknown)|(?:unrout?able|unknown|invalid|bad) sender/,
  /\bmail from\b|from: domain|client host|bad ip\b|invalid ip\b|reverse dns|\bptr\b|\brdns\b|\bhelo\b|your hostname|relay host name/,
);

/** Of space, size, time, networks, and systems that don't work. */
export const SOFT_WORDS = anyOf(
  /quota|\bfull\b|(?:not |in)sufficient|out of (?:disk )?space|no space|not enough|over (?:the |its |their )?(?:allocated |disk |storage )?limit/,
  /too (?:large|big|long|many|much)|exceed|(?:size|line|rate|length) limit|message size|throttl|numerous attempts/,
  /tim(?:ed?|ing)[ -]?out|retry time|expired|multiple retries|(?:delivered|failing) (?:within|for)|not been collected/,
  /after \d+(?:\.\d)? (?:hour|day|attempt)|in (?:the )?queue/,
  /(?:could ?n[o']t|can ?not|unable to|failed to) (?:connect|establish|contact|retrieve)|\bldap\b/,
  /connection (?:refused|reset|dropped|lost|closed|failed|broken)|lost connection|network|(?:un|not )reachable|host (?:is )?down/,
  /no route to|not respond|\bloop|hop count|try(?:ing)? again|temporar|gr[ae]ylist|\bpipe\b|out of memory|encountered an error/,
  /(?:local|system|internal|configuration|i\/o|server) (?:delivery )?(?:configuration )?error|local delivery failed|transport/,
  /(?:service|currently|temporarily) (?:is )?(?:currently )?unavailable/,
);

/** Of a mailbox that was switched off: it may be switched on again, unless the status says what is meant. */
export const SUSPENDED_WORDS = anyOf(
  /suspend|disabled|discontinued|deactivat|inactive|not (?:been )?activ(?:e|ated)|\b(?:locked|frozen|archiv[eé])/,
);

const WHO =
  "(?:user(?:name|id)?|account|recipient|mail ?box|address(?:ee)?|alias|domain|host|person|customer|subscriber|local[ -]part|login|destination|rcpt)";
const WRONG =
  "(?:unknown|invalid|malformed|bad|illegal|non-?exist\\w*|no such|undefined|unrout?e?able|undeliverable|unrecogni[sz]ed|incorrect|no|wrong)";
const IS_WRONG =
  "\\b(?:unknown|invalid|non-?existent|terminated|closed|deleted|removed|unrout?e?able|undeliverable|moved|not ok|not present|rejected)";
const IS_NOT =
  "(?:\\bnot|n't|never|no longer|cannot be) (?:a |an |be |been |have |here|exist|found|known|valid|listed|local|recogni[sz]ed|defined|in |on |with |deliverable|resolve|registered|served|our|handle|match|unique)";

/** Of the recipient: its name, its host, where it is gone. */
export const HARD_WORDS = anyOf(
  // Unknown user; no such mailbox.
  new RegExp(
    `${WRONG}[ _](?:local |e-?mail |mail ?|final delivery |destination |virtual |smtp |internet )?${WHO}`,
  ),
  // User bob is unknown; mailbox not found; the account does not exist.
  new RegExp(
    `\\b(?:${WHO}|name|e-?mail)s?\\b(?:[^.\\n]|\\.(?! )){0,80}?(?:${IS_WRONG}|${IS_NOT}|does ?n[o']t (?:exist|have|match|resolve|like|handle)|has no\\b)`,
  ),
  /\bno (?:mail ?box|account|user|such|mx|recipients?|longer)\b|(?:not found|not listed|unknown) (?:in|by|on|at)\b|unknown recipient/,
  /notfound\b|badrcptto|not exist|not our customer|not a (?:known|valid|registered)|account unavailable|accept user|missing home/,
  /null ?mx|no smtp service|has left|accepts? no mail|reject all mail|not accept (?:any )?mail\b|moved to|nxdomain|non-?existent hosts?|vrfy failed/,
  /(?:unable to|could ?n[o']t|can ?not) (?:find|be found|locate|resolve)|address error/,
  // German, French, Spanish, Portuguese, Italian, Polish, Russian, Swedish, Dutch, Japanese, Chinese.
  /unbekannt|existiert nicht|nicht (?:gefunden|bekannt|vorhanden)|kein(?:e|en)? (?:solche|mailbox|benutzer|empf)/,
  /inconnue?\b|n'(?:existe|est) (?:pas|plus)|introuvable|pas (?:été )?trouv|répertorié|desconocid[oa]|no (?:existe|se (?:encuentra|encontró))/,
  /n[ãa]o (?:existe|encontrad[oa]|localizad[oa])|usu[áa]rio (?:desconhecido|inv)|sconosciuto|non (?:esiste|trovat[oa])|nie (?:istnieje|znaleziono)/,
  /не (?:существует|найден|зарегистрирован)|несуществующ|неизвест|okänd|hittades inte|onbekend|bestaat niet/,
  /見つかりません|存在しません|リストにありません|用户不存在|不存在|找不到/,
);
