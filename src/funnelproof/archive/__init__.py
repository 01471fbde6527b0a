"""Old months as Parquet files: clicks and conversions, streamed, with a manifest that tells what is in them."""
