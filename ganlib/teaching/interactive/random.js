// NumPy's random numbers, to the bit: SeedSequence, PCG64 and what ganlib draws from them. A test compares each with NumPy.

const MULTIPLIER = [0x9fccf645, 0x4385df64, 0x1fc65da4, 0x2360ed05]; // of PCG64, 32 bits each, the lowest first
const LIMIT = 2 ** 52;

// What np.random.default_rng(entropy) is, or a child that SeedSequence(entropy).spawn(…) gives, whose key is its number.
// The entropy is a whole number from 0 to 2⁵³, or a list of them. Algorithms: Melissa O'Neill's PCG XSL RR 128/64 (2014)
// and her seed_seq_fe; Lemire 2019 for whole numbers; Marsaglia and Tsang 2000, with 256 strips, for normal ones.
class Generator {
  constructor(entropy, spawnKey = []) {
    const seed = seedWords([entropy].flat(), spawnKey);
    this.increment = new Uint32Array(4);
    this.state = new Uint32Array(4);
    this.spare = -1; // the upper half of 64 bits of which the lower one was used; -1 for none
    this.high = this.low = 0; // the last 64 bits
    // Each of the two 128-bit numbers comes as its upper 64 bits and then its lower ones. The increment must be odd.
    const [start, stream] = [0, 4].map((i) => [seed[i + 2], seed[i + 3], seed[i], seed[i + 1]]);
    for (let i = 0; i < 4; i++) this.increment[i] = (stream[i] << 1) | (i ? stream[i - 1] >>> 31 : 1);
    this.advance();
    let carry = 0;
    for (let i = 0; i < 4; i++) {
      const sum = this.state[i] + start[i] + carry;
      this.state[i] = sum;
      carry = sum > 0xffffffff ? 1 : 0;
    }
    this.advance();
  }

  // state ← state · multiplier + increment, modulo 2¹²⁸, column by column of the long multiplication.
  advance() {
    const { state, increment } = this;
    const [m0, m1, m2, m3] = MULTIPLIER;
    const [s0, s1, s2, s3] = state;
    const c0 = low(s0, m0) + increment[0];
    const c1 = high(s0, m0) + low(s0, m1) + low(s1, m0) + increment[1] + Math.floor(c0 / 2 ** 32);
    let c2 = high(s0, m1) + high(s1, m0) + low(s0, m2) + low(s1, m1) + low(s2, m0);
    c2 += increment[2] + Math.floor(c1 / 2 ** 32);
    let c3 = high(s0, m2) + high(s1, m1) + high(s2, m0) + low(s0, m3) + low(s1, m2) + low(s2, m1) + low(s3, m0);
    c3 += increment[3] + Math.floor(c2 / 2 ** 32);
    state[0] = c0;
    state[1] = c1;
    state[2] = c2;
    state[3] = c3; // a Uint32Array keeps the remainder of 2³²
  }

  // The next 64 bits, in `high` and `low`: both halves of the state joined, and turned to the right by its top 6 bits.
  next() {
    this.advance();
    const { state } = this;
    const turn = state[3] >>> 26;
    let a = state[3] ^ state[1],
      b = state[2] ^ state[0];
    if (turn & 32) [a, b] = [b, a];
    const by = turn & 31;
    this.high = (by ? (a >>> by) | (b << (32 - by)) : a) >>> 0;
    this.low = (by ? (b >>> by) | (a << (32 - by)) : b) >>> 0;
  }

  bits32() {
    if (this.spare >= 0) {
      const bits = this.spare;
      this.spare = -1;
      return bits;
    }
    this.next();
    this.spare = this.high;
    return this.low;
  }

  // From [0, 1), as Generator.random.
  uniform() {
    this.next();
    return (this.high * 2 ** 21 + (this.low >>> 11)) / 2 ** 53;
  }

  // A whole number from 0 to below `bound`, which is below 2³²: as Generator.integers(bound).
  integer(bound) {
    if (bound === 1) return 0;
    let bits = this.bits32();
    if (low(bits, bound) < bound) {
      const least = 2 ** 32 % bound;
      while (low(bits, bound) < least) bits = this.bits32();
    }
    return high(bits, bound);
  }

  // As Generator.permutation: fills an array with 0, 1, … in a random order. Unlike `integer`, NumPy here throws away
  // what is too large, in as many bits as the largest needs.
  permute(order) {
    for (let i = 0; i < order.length; i++) order[i] = i;
    for (let i = order.length - 1; i > 0; i--) {
      const mask = 0xffffffff >>> Math.clz32(i),
        kept = order[i];
      let j;
      do j = (this.bits32() & mask) >>> 0;
      while (j > i);
      order[i] = order[j];
      order[j] = kept;
    }
  }

  // As Generator.standard_normal.
  normal() {
    for (;;) {
      this.next();
      const strip = this.low & 0xff,
        negative = this.low & 0x100;
      const place = (this.high & 0x1fffffff) * 2 ** 23 + (this.low >>> 9);
      const size = place * (EDGES[strip] / LIMIT),
        x = negative ? -size : size;
      if (place < INSIDE[strip]) return x; // 99 of 100
      if (strip) {
        const height = (HEIGHTS[strip - 1] - HEIGHTS[strip]) * this.uniform() + HEIGHTS[strip];
        if (height < Math.exp(-0.5 * x * x)) return x;
        continue;
      }
      for (;;) {
        const beyond = -Math.log1p(-this.uniform()) * INVERSE_EDGE,
          other = -Math.log1p(-this.uniform());
        if (2 * other > beyond * beyond) return (place / 256) & 1 ? -(EDGES[255] + beyond) : EDGES[255] + beyond;
      }
    }
  }

  // Fills an array with normal numbers.
  normals(array) {
    for (let i = 0; i < array.length; i++) array[i] = this.normal();
    return array;
  }
}

// Where each of the ziggurat's strips ends, the lowest, which has the tail, first: NumPy's numbers, 256 of 64 bits. Its
// other tables follow from these; in them a last digit decides on one draw in 10¹⁵.
const EDGES = floats(
    "edkVeDtJD0DG9v3jC43LP7RbLDyvUNI/YTtEOLl81T8Mpy/o/AHYP7zQTC4MI9o/92E4L00A3D90cnRaL6zdP8PVTC1IMt8/rbuOJzJN4D9DXQI7" +
    "BfXgP3c2QZemkuE/9Rp6j6In4j+A2GM4LrXiP/WRV8A/POM/L7GiwZ694z9Vm/+N7znkP6f+PTa7seQ/dNMaYnUl5T+WzgengJXlP+p+2c8xAuY/" +
    "PXyjYdJr5j9wBQCSotLmP6b4RtPaNuc/dyqzEK2Y5z9D9UatRfjnP3cKQ1PMVeg/mnZ7nmSx6D+Yz06pLgvpP+oeLIJHY+k/RsU4jsm56T8sp6Tc" +
    "zA7qP1nNd21nYuo/MBYQbq206j+cbBNtsQXrPyl6QoeEVes/Op9Sjjak6z8ygr8q1vHrP/NOWflwPuw/YTsypROK7D+LJnL+ydTsP0i3gA6fHu0/" +
    "EB/kKZ1n7T/DuCMAzq/tP1N28ak69+0//u3Stes97j8Ab3oz6YPuP86C+b06ye4/JmLwhOcN7z+I9thU9lHvP67Xh55tle8/rC76fVPY7z/sNELg" +
    "Vg3wP5qPOfVALvA//KUWnupO8D8QoHJbVm/wPwv0cZCGj/A/E2G8hH2v8D9/zEtmPc/wP2sIFkvI7vA/7hWVMiAO8T++DzEHRy3xP0GRjp8+TPE/" +
    "HiDEvwhr8T802ngap4nxP4ht7lEbqPE/yyr4+GbG8T8u1OCTi+TxP5+gQJmKAvI/6cbEcmUg8j8fw+l9HT7yP/trqQy0W/I/f9MdZip58j8b1xnH" +
    "gZbyP9ouuGK7s/I/U7jhYtjQ8j+Oqcvo2e3yP9dIbg3BCvM/MLn04Y4n8z+hXiZwRETzP9VSyrriYPM/algFvmp98z9ksrJv3ZnzPwM9uL87tvM/" +
    "4B1WmIbS8z+DWnLevu7zP3Se4HHlCvQ/XXSmLfsm9D+kMDzoAEP0P13HynP3XvQ/NsNmnt969D8vj0gyupb0P11BAvaHsvQ/3BGzrEnO9D8FpjgW" +
    "AOr0P2JVXu+rBfU/WosK8k0h9T9PZmrV5jz1P8iyG053WPU/eF9VDgB09T8UhQ7GgY/1P1kbJCP9qvU/PXN90XLG9T/TjC974+H1Pzhen8hP/fU/" +
    "wx+jYLgY9j+isKLoHTT2PwsmtwSBT/Y/cpbJV+Jq9j83MbGDQob2P7GyUCmiofY/u0Oz6AG99j9S0yhhYtj2P1T4YTHE8/Y/62iL9ycP9z/GFGlR" +
    "jir3P9zucNz3Rfc/H3PlNWVh9z9J9O/61nz3P5O9ushNmPc/CRSLPMqz9z/7ItvzTM/3P+fec4zW6vc/H+qGpGcG+D92hsjaACL4PxWfic6iPfg/" +
    "vfXRH05Z+D/FfnpvA3X4Py33R1/DkPg/Q8AFko6s+D+cDKGrZcj4PydqRFFJ5Pg/j7VzKToA+T9HgyjcOBz5P/wK7xJGOPk/iqIDeWJU+T/u1XC7" +
    "jnD5PzEqLonLjPk/v5k/kxmp+T8s2dWMecX5PxF0byvs4fk/StL6JnL++T+SNvk5DBv6P1vIoiG7N/o/iLsLnn9U+j+kqUpyWnH6Pz0xoGRMjvo/" +
    "CPGfPlar+j/O9VrNeMj6Pzazi+G05fo/GqHDTwsD+z9bmJrwfCD7PwAM4KAKPvs/Az3OQbVb+z8niT+5fXn7Pzz35fFkl/s/biWF22u1+z+iwC5r" +
    "k9P7P4OugZvc8fs/oBbsbEgQ/D8tevDl1y78PxwNbhOMTfw/BYfsCGZs/D8XpuvgZov8P6uiNr2Pqvw/kNY7x+HJ/D834GgwXun8P26PizIGCf0/" +
    "IO83ENso/T9HxjMV3kj9PyPx55YQaf0/pfvX9HOJ/T9wbiCZCar9Pw5J/PjSyv0/Ny5SldHr/T8c0kn7Bg3+P/ZG6sR0Lv4/iNHBmRxQ/j8l/pcv" +
    "AHL+Pwq/KkshlP4/CG/3wIG2/j86pxB2I9n+P6nsAWEI/P4/IVPCijIf/z9tTbcPpEL/P2gBySBfZv8/gpeJBGaK/z+/InEYu67/P4XnL9Jg0/8/" +
    "C/YYwVn4/z91oNNH1A4AQEfJjwKoIQBAqwKpg6k0AEDH9T5O2kcAQH6zrfY7WwBAaCanI9BuAEAXLmOPmIIAQFSi6AiXlgBAxMBxdc2qAEBI1O7R" +
    "Pb8AQDA9qjTq0wBAk2URz9ToAEC2n6bv//0AQEFwIARuEwFANV27myEpAUBtCcRpHT8BQDsuYEhkVQFA8+6dO/lrAUBhEtJ034IBQKzrTlYamgFA" +
    "ji9/d62xAUCUpnGpnMkBQDmu5Pvr4QFAAdniwp/6AUCBzASdvBMCQO7Tb3pHLQJAJJyspEVHAkDgWHbHvGECQC5ZqPqyfAJAeA53zS6YAkBSCipT" +
    "N7QCQJfbljHU0AJA9XipsQ3uAkDurlbS7AsDQKOkaF57KgNAoxKuBcRJA0BAqDN60mkDQApBVpKzigNA+oiucHWsA0CmBBezJ88DQHX0YKrb8gNA" +
    "2uW5nKQXBECUXlQVmD0EQBU6p0TOZARAvEOcdWKNBEAnWmudc7cEQAKJzQ0l4wRAQazpU58QBUBCfjpSEUAFQBvkSqmxcQVA2Y1xi8ClBUD+0Dok" +
    "itwFQEwehs9pFgZA6moAe85TBkDD5Z++QJUGQDLiCY1r2wZANHpf8CgnB0BzBglWlXkHQIzO1vQt1AdANPIpBQM5CEAUfKq/D6sIQJZEb5TgLglA" +
    "q1dAAe7LCUBad5R43I8KQLH9eDgfmAtAM60JgrQ7DUA=",
);
const INVERSE_EDGE = 0.27366123732975828;
const INSIDE = EDGES.map((edge, i) => Math.floor(((i === 1 ? 0 : EDGES[(i + 255) % 256]) / edge) * LIMIT));
const HEIGHTS = EDGES.map((edge, i) => (i ? Math.exp(-0.5 * edge * edge) : 1));

function floats(encoded) {
  return new Float64Array(Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)).buffer);
}

// The lower and the upper 32 bits of a product of two numbers of 32 bits.
function low(a, b) {
  return Math.imul(a, b) >>> 0;
}

function high(a, b) {
  const a0 = a & 0xffff,
    a1 = a >>> 16,
    b0 = b & 0xffff,
    b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) / 65536 >>> 0),
    other = a0 * b1 + (middle & 0xffff);
  return a1 * b1 + (middle >>> 16) + (other >>> 16);
}

// SeedSequence(entropy, spawn_key).generate_state(4, np.uint64) as eight numbers of 32 bits.
function seedWords(entropy, spawnKey) {
  const words = entropy.flatMap(wordsOf);
  while (spawnKey.length && words.length < 4) words.push(0);
  words.push(...spawnKey.flatMap(wordsOf));

  let constant = 0x43b0d7e5;
  const hash = (value) => {
    value = Math.imul(value ^ constant, (constant = Math.imul(constant, 0x931e8875)));
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mix = (x, y) => {
    const value = Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const pool = [0, 1, 2, 3].map((i) => hash(words[i] ?? 0));
  for (let from = 0; from < 4; from++)
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
  for (const word of words.slice(4)) for (let to = 0; to < 4; to++) pool[to] = mix(pool[to], hash(word));

  constant = 0x8b51f9dd;
  return Array.from({ length: 8 }, (_, i) => {
    const value = pool[i % 4] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    const mixed = Math.imul(value, constant);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  });
}

// A whole number as its 32-bit words, the lowest first.
function wordsOf(number) {
  return number < 2 ** 32 ? [number >>> 0] : [number >>> 0, Math.floor(number / 2 ** 32)];
}
