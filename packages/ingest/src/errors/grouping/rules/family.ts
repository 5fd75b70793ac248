const native = new Set(['c', 'objc', 'native', 'swift', 'cocoa', 'rust', 'cpp']);

/** The family of a platform, as rules name it. */
export function familyOf(platform: string): 'javascript' | 'native' | 'other' {
  if (platform === 'javascript' || platform === 'node') return 'javascript';
  return native.has(platform) ? 'native' : 'other';
}
