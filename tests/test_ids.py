from collections import Counter

from shared.ids import RandomIds, digest, shard_of


def test_tokens_are_256_bits_and_safe_in_urls():
    tokens = {RandomIds().token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 and token.replace("-", "").replace("_", "").isalnum() for token in tokens)


def test_idents_are_lower_case_and_26_long():
    assert all(len(i) == 26 and i == i.lower() and i.isalnum() for i in (RandomIds().ident() for _ in range(50)))


def test_a_digest_tells_its_parts_apart():
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")


def test_shards_are_even_and_stable():
    counts = Counter(shard_of(f"user{n}", 4) for n in range(4000))
    assert set(counts) == {0, 1, 2, 3}
    assert min(counts.values()) > 850
    assert shard_of("hana", 4) == shard_of("hana", 4)
