"""Every way the field misbehaves, on every wire, through the whole gateway: is it seen, and how soon is it over?"""
