"""Old months as Parquet files, streamed, with a manifest that tells what is in them."""
