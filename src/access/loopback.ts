/** Whether the address is one of this machine's own loopback addresses, IPv4 also in IPv6's clothes. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}
