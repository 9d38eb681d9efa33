"""``python -m deblurkit``: which commands there are."""

from deblurkit.cli.overview import main

if __name__ == "__main__":
    main()
