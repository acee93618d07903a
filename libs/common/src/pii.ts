/** Personal data in a text: found by form and, where there is one, by check digit. Linear in the text. */
export type PiiKind = 'email' | 'phone' | 'resident_number' | 'card' | 'iban';

export interface PiiPlace {
  kind: PiiKind;
  start: number;
  end: number;
}

export const PII_MARKS: Readonly<Record<PiiKind, string>> = {
  email: '[EMAIL]',
  phone: '[PHONE]',
  resident_number: '[RESIDENT NUMBER]',
  card: '[CARD]',
  iban: '[IBAN]',
};

/** RFC 5321: 64 characters before the @ and 254 in all; nothing else here is longer. */
export const LONGEST_PII = 256;
const LOCAL = /[\p{L}\p{N}._%+'-]{1,64}$/u;
const DOMAIN = /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})\.){1,5}(?:[A-Za-z]{2,24}|\p{L}{2,24})/u;
const BEFORE = '(?<![A-Za-z0-9_])';
const BEHIND = '(?![A-Za-z0-9_])';

/** Month and day stand at their places; 1 to 4 Koreans, 5 to 8 foreigners, 9 and 0 those born before 1900. */
const RESIDENT = new RegExp(
  `${BEFORE}\\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01])( ?[-\\u2010-\\u2015] ?|)\\d{7}${BEHIND}`,
  'g',
);
/** 16 to 19 digits in fours, 15 as American Express writes them, or 13 to 19 without a space. */
const CARD = new RegExp(
  `${BEFORE}(?:[2-6]\\d{3}([ -])\\d{4}\\1\\d{4}\\1\\d{4}(?:\\1?\\d{1,3})?|3[47]\\d{2}([ -])\\d{6}\\2\\d{5}|[2-6]\\d{12,18})${BEHIND}`,
  'g',
);
/** Korean numbers, with and without the country's; others with a country's; American ones as they are written there. */
const PHONES = [
  `${BEFORE}(?:\\+?82[ .-]?\\(?0?|\\(?0)(?:1[016789]|2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50\\d)\\)?[ .-]?\\d{3,4}[ .-]?\\d{4}${BEHIND}`,
  `(?<![A-Za-z0-9_+])\\+[1-9](?:[ .()-]{0,2}\\d){7,14}${BEHIND}`,
  `${BEFORE}\\(?[2-9]\\d{2}\\)?[ .-]\\d{3}[ .-]\\d{4}${BEHIND}`,
].map((source) => new RegExp(source, 'g'));
const IBAN_START = new RegExp(`${BEFORE}[A-Za-z]{2}\\d{2}(?= ?[A-Za-z0-9])`, 'g');
/** ISO 13616: the length by country, from SWIFT's registry. */
export const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 ' +
    'FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 ' +
    'LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 ' +
    'SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** All places in order, without overlaps: a card is no phone. */
export function findPii(given: string): PiiPlace[] {
  const text = plain(given);
  const digits = /\d{2}/.test(text);
  const places = [
    ...emails(text),
    ...(digits ? [...ibans(text), ...cards(text), ...residents(text), ...phones(text)] : []),
  ];
  const kept: PiiPlace[] = [];
  for (const place of places)
    if (kept.every((other) => place.end <= other.start || place.start >= other.end)) kept.push(place);
  return kept.sort((a, b) => a.start - b.start);
}

/** The text with a mark in the place of each. For logs and samples. */
export function maskPii(text: string): string {
  let masked = '';
  let at = 0;
  for (const { kind, start, end } of findPii(text)) {
    masked += text.slice(at, start) + PII_MARKS[kind];
    at = end;
  }
  return at === 0 ? text : masked + text.slice(at);
}

/** Full-width forms as the plain ones, at the same places. */
function plain(text: string): string {
  return /[\uff01-\uff5e]/.test(text)
    ? text.replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    : text;
}

function emails(text: string): PiiPlace[] {
  const places: PiiPlace[] = [];
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    const local = LOCAL.exec(text.slice(Math.max(0, at - 64), at))?.[0] ?? '';
    const domain = DOMAIN.exec(text.slice(at + 1, at + 1 + LONGEST_PII))?.[0] ?? '';
    if (local !== '' && domain !== '')
      places.push({ kind: 'email', start: at - local.length, end: at + 1 + domain.length });
  }
  return places;
}

function ibans(text: string): PiiPlace[] {
  const places: PiiPlace[] = [];
  for (const { index } of text.matchAll(IBAN_START)) {
    const length = IBAN_LENGTHS[text.slice(index, index + 2).toUpperCase()];
    if (length === undefined) continue;
    const end = endOfIban(text, index, length);
    if (end !== null) places.push({ kind: 'iban', start: index, end });
  }
  return places;
}

function endOfIban(text: string, start: number, length: number): number | null {
  let compact = '';
  let at = start;
  while (compact.length < length && at < text.length) {
    const character = text.charAt(at);
    if (/[A-Za-z0-9]/.test(character)) compact += character;
    else if (character !== ' ' && character !== '-') break;
    at += 1;
  }
  const goesOn = /[A-Za-z0-9]/.test(text.charAt(at));
  return compact.length === length && !goesOn && isIban(compact.toUpperCase()) ? at : null;
}

/** ISO 7064, MOD 97-10. */
function isIban(iban: string): boolean {
  let rest = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = /\d/.test(character) ? Number(character) : character.charCodeAt(0) - 55;
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

function cards(text: string): PiiPlace[] {
  return [...text.matchAll(CARD)]
    .filter(([card]) => passesLuhn(card.replace(/\D/g, '')))
    .map((match) => placeOf('card', match));
}

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const weighed = i % 2 === 0 ? digit : digit * 2;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}

function residents(text: string): PiiPlace[] {
  return [...text.matchAll(RESIDENT)]
    .filter(([number, dash]) => dash !== '' || hasResidentCheckDigit(number))
    .map((match) => placeOf('resident_number', match));
}

/** Numbers given since October 2020 have none: without a dash they are not told from any other thirteen digits. */
function hasResidentCheckDigit(number: string): boolean {
  const weights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
  const sum = weights.reduce((total, weight, at) => total + weight * Number(number[at]), 0);
  return (11 - (sum % 11)) % 10 === Number(number[12]);
}

function phones(text: string): PiiPlace[] {
  return PHONES.flatMap((phone) => [...text.matchAll(phone)].map((match) => placeOf('phone', match)));
}

function placeOf(kind: PiiKind, match: RegExpMatchArray): PiiPlace {
  const start = match.index ?? 0;
  return { kind, start, end: start + match[0].length };
}
