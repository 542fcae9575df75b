from __future__ import annotations

import numpy as np

from pyrite.training import linear


def test_probe_separates_what_can_be_separated() -> None:
    generator = np.random.default_rng(0)
    centres = np.eye(3)
    targets = [i % 3 for i in range(60)]
    train = [centres[t] + generator.normal(0, 0.1, 3) for t in targets]
    probabilities = linear.probe(train, targets, list(centres), n_labels=3, C=10.0)
    assert probabilities.argmax(1).tolist() == [0, 1, 2]
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)


def test_a_label_that_the_mix_lacks_gets_probability_zero() -> None:
    probabilities = linear.probe([np.eye(2)[0], np.eye(2)[1]], [0, 2], [np.eye(2)[1]], n_labels=4, C=10.0)
    assert probabilities.shape == (1, 4)
    assert probabilities[0, 1] == probabilities[0, 3] == 0
    assert probabilities.argmax() == 2


def test_tfidf_reads_words_and_pairs() -> None:
    texts = ["not good", "good", "not bad", "bad"] * 5
    probabilities = linear.tfidf(texts, [0, 1, 1, 0] * 5, ["not good", "not bad", "good", "bad"], n_labels=2, C=100.0)
    assert probabilities.argmax(1).tolist() == [0, 1, 1, 0]


def test_rare_labels_weigh_as_much_as_common_ones() -> None:
    # Features that say nothing: an unweighted regression would give the common label nearly all probability.
    probabilities = linear.probe([np.zeros(2)] * 100, [0] * 95 + [1] * 5, [np.zeros(2)], n_labels=2, C=10.0)
    np.testing.assert_allclose(probabilities, 0.5, atol=0.01)


def test_tfidf_reads_signs_where_a_script_has_no_spaces() -> None:
    texts = ["包裹晚了两天", "包裹送错地址", "发票金额不对", "发票没有收到"]
    probabilities = linear.tfidf(texts, [0, 0, 1, 1], ["我的包裹呢", "我要发票"], n_labels=2, C=10.0)
    assert probabilities.argmax(1).tolist() == [0, 1]
