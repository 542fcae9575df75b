"""What the metrics say: the verdict, tables, charts and the words for them."""
