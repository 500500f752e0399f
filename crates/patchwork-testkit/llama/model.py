"""Writes a tiny model of random weights: a real file for a real server, whose answers are noise of printable characters.

Usage: model.py OUT.gguf
"""

import sys

import gguf
import numpy as np

EMBEDDING, FORWARD, LAYERS, HEADS, KEY_HEADS, CONTEXT = 64, 128, 2, 4, 2, 8192
SPECIAL = [b"<unk>", b"<s>", b"</s>", b"<|im_start|>", b"<|im_end|>"]
END = 4
TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + (m['content'] or '') + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def main(out):
    random = np.random.default_rng(7)
    file = gguf.GGUFWriter(out, "llama")
    file.add_name("tiny-random")
    file.add_context_length(CONTEXT)
    file.add_embedding_length(EMBEDDING)
    file.add_feed_forward_length(FORWARD)
    file.add_block_count(LAYERS)
    file.add_head_count(HEADS)
    file.add_head_count_kv(KEY_HEADS)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_rope_dimension_count(EMBEDDING // HEADS)
    file.add_file_type(1)

    # A vocabulary of bytes, and of printable characters so that sampling under a grammar is quick.
    tokens = SPECIAL + [f"<0x{byte:02X}>".encode() for byte in range(256)]
    types = [2] + [3] * (len(SPECIAL) - 1) + [6] * 256
    for character in [chr(code) for code in range(33, 127)] + ["\u2581"]:
        tokens.append(character.encode())
        types.append(1)
    file.add_tokenizer_model("llama")
    file.add_token_list(tokens)
    file.add_token_scores([0.0] * len(tokens))
    file.add_token_types(types)
    file.add_unk_token_id(0)
    file.add_bos_token_id(1)
    file.add_eos_token_id(END)
    file.add_add_bos_token(True)
    file.add_add_space_prefix(False)
    file.add_vocab_size(len(tokens))
    file.add_chat_template(TEMPLATE)

    def matrix(name, *shape):
        file.add_tensor(name, (random.standard_normal(shape) * 0.05).astype(np.float16))

    def norm(name):
        file.add_tensor(name, np.ones(EMBEDDING, dtype=np.float32))

    # The first dimension is the same for every token, so that the rows of unwanted ones can point away from it: no
    # control characters, no broken UTF-8, and answers of some length.
    embedding = (random.standard_normal((len(tokens), EMBEDDING)) * 0.05).astype(np.float16)
    embedding[:, 0] = 4.0
    file.add_tensor("token_embd.weight", embedding)
    norm("output_norm.weight")
    output = (random.standard_normal((len(tokens), EMBEDDING)) * 0.2).astype(np.float16)
    output[:, 0] = 0
    output[:END, 0] = -6.0
    for byte in range(256):
        if not 32 <= byte <= 126:
            output[len(SPECIAL) + byte, 0] = -6.0
    file.add_tensor("output.weight", output)

    head = EMBEDDING // HEADS
    for layer in range(LAYERS):
        norm(f"blk.{layer}.attn_norm.weight")
        norm(f"blk.{layer}.ffn_norm.weight")
        matrix(f"blk.{layer}.attn_q.weight", EMBEDDING, EMBEDDING)
        matrix(f"blk.{layer}.attn_k.weight", KEY_HEADS * head, EMBEDDING)
        matrix(f"blk.{layer}.attn_v.weight", KEY_HEADS * head, EMBEDDING)
        matrix(f"blk.{layer}.attn_output.weight", EMBEDDING, EMBEDDING)
        matrix(f"blk.{layer}.ffn_gate.weight", FORWARD, EMBEDDING)
        matrix(f"blk.{layer}.ffn_up.weight", FORWARD, EMBEDDING)
        matrix(f"blk.{layer}.ffn_down.weight", EMBEDDING, FORWARD)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


main(sys.argv[1])
