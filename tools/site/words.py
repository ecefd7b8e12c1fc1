"""Search in English and Chinese: Chinese words are found inside longer ones, 梯度 in 梯度下降."""

import logging
import re

import jieba
from sphinx.search.en import SearchEnglish

jieba.setLogLevel(logging.WARNING)
CHINESE = re.compile(r"[㐀-鿿]+")


class SearchBoth(SearchEnglish):
    """English stems, and Chinese runs both whole and cut."""

    def split(self, input):
        """Return the words of a text, list of str."""
        words = super().split(input)
        runs = [run for word in words for run in CHINESE.findall(word)]
        return words + [part for run in runs for part in (run, *jieba.cut_for_search(run))]
