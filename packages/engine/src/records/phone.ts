/** `+254 712 345 678`, `0712345678` and `712345678` are one number: what comes before these digits is how it is dialled. */
const DECIDING = 9;

/** The word under which a phone number is found. */
export function phoneWord(phone: string): string {
  return phone.replace(/\D/g, "").slice(-DECIDING);
}

export function isSamePhone(one: string, other: string): boolean {
  return phoneWord(one) !== "" && phoneWord(one) === phoneWord(other);
}
