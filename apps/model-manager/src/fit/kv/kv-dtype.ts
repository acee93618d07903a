/** Bytes that one head keeps of one token, key and value together. */
type SlotSize = (keySize: number, valueSize: number) => number;

const plain =
  (bytes: number): SlotSize =>
  (key, value) =>
    (key + value) * bytes;

/** A float32 scale behind each key and each value (vLLM's `triton_attn.py`, `customize_spec`). */
const scaled =
  (bytes: number): SlotSize =>
  (key, value) =>
    key * bytes + 4 + (value === 0 ? 0 : value * bytes + 4);

/** Packed keys with a norm, packed values with scale and zero (vLLM's `turboquant/config.py`). */
const turboquant =
  (keyBits: number, valueBits: number): SlotSize =>
  (key, value) =>
    (keyBits === 8 ? key : Math.ceil((key * keyBits) / 8) + 2) + Math.ceil((value * valueBits) / 8) + 4;

const fp4: SlotSize = (key, value) => (key + value) * (0.5 + 1 / 16);

const SLOTS: Readonly<Record<string, SlotSize>> = {
  float16: plain(2),
  bfloat16: plain(2),
  float32: plain(4),
  fp8: plain(1),
  fp8_e4m3: plain(1),
  fp8_e5m2: plain(1),
  int8_per_token_head: scaled(1),
  fp8_per_token_head: scaled(1),
  int4_per_token_head: scaled(0.5),
  turboquant_k8v4: turboquant(8, 4),
  turboquant_4bit_nc: turboquant(4, 4),
  turboquant_k3v4_nc: turboquant(3, 4),
  turboquant_3bit_nc: turboquant(3, 3),
  nvfp4: fp4,
};

/** Null for a dtype that is none of vLLM's. `auto` is the model's own. */
export function slotSize(kvCacheDtype: string, modelDtype: string): SlotSize | null {
  return SLOTS[kvCacheDtype === 'auto' ? modelDtype : kvCacheDtype] ?? null;
}

export const isFp8 = (kvCacheDtype: string): boolean => /^fp8(_e\dm\d)?$/.test(kvCacheDtype);
