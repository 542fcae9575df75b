"""Task cards, the files that people bring, text tables, transcripts and the training sets made of them."""
